/**
 * Says in one line why `npm ci` has to run, or nothing where node_modules is what package-lock.json says. npm could
 * be asked (npm ls), but takes a second for it.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';

console.log(reason() ?? '');

function reason() {
  if (!existsSync('node_modules/.package-lock.json')) return 'node_modules is missing';
  const wanted = packagesIn('package-lock.json');
  const installed = packagesIn('node_modules/.package-lock.json');
  for (const [folder, { version, optional }] of Object.entries(wanted)) {
    // The project itself; and what is for other systems only.
    if (folder === '' || (optional && !installed[folder])) continue;
    if (installed[folder]?.version !== version) return `${folder} is not ${version}`;
  }
  const strange = Object.keys(installed).find((folder) => !wanted[folder]);
  if (strange) return `${strange} is not in package-lock.json`;

  for (const addon of ['node-rdkafka/build/Release/node-librdkafka', 'cap/build/Release/cap']) {
    if (!existsSync(`node_modules/${addon}.node`)) return `${addon}.node has not been built`;
  }
  return missingFeature();
}

function packagesIn(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

/** librdkafka leaves out, in silence, what it found no headers for: perhaps it was built before they came. */
function missingFeature() {
  const config = readFileSync('node_modules/node-rdkafka/deps/librdkafka/config.h', 'utf8');
  const headers = {
    WITH_SASL_CYRUS: 'sasl/sasl.h',
    WITH_SSL: 'openssl/ssl.h',
    WITH_ZSTD: 'zstd.h',
    WITH_CURL: 'curl/curl.h',
  };
  for (const [feature, header] of Object.entries(headers)) {
    const built = new RegExp(`^#define ${feature} 1$`, 'm').test(config);
    if (!built && isThere(header)) return `librdkafka was built without ${header}`;
  }
  return undefined;
}

function isThere(header) {
  const folders = ['', ...readdirSync('/usr/include').filter((name) => name.includes('-linux-'))];
  return folders.some((folder) => existsSync(`/usr/include/${folder}/${header}`));
}
