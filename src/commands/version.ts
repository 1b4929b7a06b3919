import { addon } from '../addon/addon.js';
import { packageVersion } from '../package-version.js';
import { wrap } from './table.js';

const BELOW = '  ';

/**
 * What `kcap --version` says: kcap, and the libraries that it stands on.
 *
 * @param width the terminal's columns; undefined where there is none, and nothing is wrapped
 */
export function versionText(width = Infinity): string {
  const { librdkafka, features, libpcap } = addon.versions();
  return [
    `kcap ${packageVersion()}`,
    `librdkafka ${librdkafka} (${features.replaceAll(',', ', ')})`,
    libpcap,
  ]
    .map((line) => wrap(line, width - BELOW.length).join(`\n${BELOW}`))
    .join('\n');
}
