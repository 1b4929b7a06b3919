import { readFileSync } from 'node:fs';
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

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
