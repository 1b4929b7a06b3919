import { createRequire } from 'node:module';
import { addon } from '../addon.js';

/** What `kcap --version` says: kcap, and the libraries that it stands on. */
export function versionText(): string {
  const { librdkafka, features, libpcap } = addon.versions();
  return [
    `kcap ${packageVersion()}`,
    `librdkafka ${librdkafka} (${features.replaceAll(',', ', ')})`,
    libpcap,
  ].join('\n');
}

/** kcap's own version. */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('#package') as { version: string };
  return version;
}
