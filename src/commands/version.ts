import { addon } from '../addon.js';
import { packageVersion } from '../package-version.js';

/** What `kcap --version` says: kcap, and the libraries that it stands on. */
export function versionText(): string {
  const { librdkafka, features, libpcap } = addon.versions();
  return [
    `kcap ${packageVersion()}`,
    `librdkafka ${librdkafka} (${features.replaceAll(',', ', ')})`,
    libpcap,
  ].join('\n');
}
