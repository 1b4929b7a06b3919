/**
 * Bundles kcap and the packages it is written with: what every start loads into one file, what producers and consumers
 * are made of beyond that into another, and a file or more for each part that only some commands load. Node spends more
 * on finding and linking a file than on what is in it: with a file for each set of modules that come together there
 * were sixty. Packages with native parts stay outside, as dependencies. Other people's licences come along.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'rolldown';

/** Files of the bundle, with the modules that they begin at. A module is in the first one that it belongs to. */
const FILES = {
  start: ['dist/main.js'],
  bridge: ['dist/commands/bridge.js', 'dist/commands/produce.js', 'dist/commands/consume.js'],
};

const { output } = await build({
  input: { kcap: 'dist/main.js', 'kcap-worker': 'dist/task/workers/worker.js' },
  platform: 'node',
  external: ['node-rdkafka', 'cap', '#addon'],
  output: {
    dir: 'dist',
    format: 'esm',
    chunkFileNames: 'bundled/[name]-[hash].js',
    minify: { compress: true, mangle: false },
    codeSplitting: { groups: [{ name: fileOf, debugName: 'FILES' }] },
  },
});

const packages = new Set(
  output.flatMap(({ moduleIds = [] }) =>
    moduleIds.flatMap((id) => /\/node_modules\/((@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? []),
  ),
);
writeFileSync('dist/LICENSES', [...packages].sort().map(licenseOf).join('\n'));

/** The file of FILES that a module goes into; null for none. An entry awaits what imports these: it stays apart. */
function fileOf(module, graph) {
  if (graph.getModuleInfo(module)?.isEntry) return null;
  const found = Object.entries(FILES).find(([, roots]) => loads(roots, module, graph));
  return found?.[0] ?? null;
}

/** Whether one of the roots loads a module at once, also through others. */
function loads(roots, module, graph) {
  const seen = new Set(roots.map((root) => path.resolve(root)));
  for (const id of seen)
    for (const next of graph.getModuleInfo(id)?.importedIds ?? []) seen.add(next);
  return seen.has(module);
}

function licenseOf(name) {
  const folder = `node_modules/${name}`;
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const { license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const text = file ? `${folder}/${file}` : licenseElsewhere(name, license);
  if (!text) throw new Error(`${name} has no licence to ship with it`);
  return `== ${name}\n\n${readFileSync(text, 'utf8').trim()}\n`;
}

/** Of packages that only name theirs: the Apache License is ours, too; Redis' is in the repository of its packages. */
function licenseElsewhere(name, license) {
  if (license === 'Apache-2.0') return 'LICENSE';
  if (license === 'MIT' && /^(@redis\/|redis$)/.test(name)) return 'scripts/setup.d/license-redis';
  return undefined;
}
