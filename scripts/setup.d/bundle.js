/**
 * Bundles kcap and the packages it is written with into a file, and one more for each part that only some commands
 * load: Node finds and loads a few files sooner than some hundred modules. Packages with native parts stay outside, as
 * dependencies. Other people's licences come along.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const { metafile } = await build({
  entryPoints: { kcap: 'dist/main.js', 'kcap-worker': 'dist/task/workers/worker.js' },
  outdir: 'dist',
  splitting: true,
  chunkNames: 'bundled/[name]-[hash]',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  external: ['node-rdkafka', 'cap'],
  // What is left of CommonJS in the packages asks for Node's own modules in this way.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
  },
  minifyWhitespace: true,
  minifySyntax: true,
  metafile: true,
  logLevel: 'warning',
});

const packages = new Set(
  Object.keys(metafile.inputs).flatMap(
    (input) => /^node_modules\/((@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? [],
  ),
);
writeFileSync('dist/LICENSES', [...packages].sort().map(licenseOf).join('\n'));

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
