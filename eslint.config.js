import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The level rule (docs/architecture.md): a file imports from its own folder and from lower levels,
 * never from a higher level, never from another folder of its own level.
 */
const levels = [
  ['packet', 'errors', 'addon', 'package-version.ts', 'protocols'],
  [
    ...['files', 'net', 'pcap', 'decode', 'capture', 'kafka', 'language', 'documents'],
    ...['mqtt', 'redis', 'aws', 'cloudshark', 'reports'],
  ],
  ['pipeline', 'spool', 'topic', 'extcap', 'uploads'],
  ['sources', 'stages', 'sinks', 'watchdogs'],
  ['task'],
  ['terminal', 'agent'],
  ['commands'],
  ['main.ts'],
];

const isFile = (place) => place.endsWith('.ts');
const filesOf = (place) => (isFile(place) ? `src/${place}` : `src/${place}/**`);

/** What an import of this place looks like from anywhere in src. */
const importOf = (place) =>
  `^(\\.\\/|(\\.\\.\\/)+)${isFile(place) ? place.replace('.ts', '\\.js$') : `${place}\\/`}`;

/** Where a run is in the foreground: all others say what they want by a return value, an error or a log record. */
const foreground = ['terminal', 'main.ts'];

/** What belongs to the process and not to a run: its signals, its end, its standard streams, the log's level. */
const ofTheProcess = {
  properties: [
    ...['exit', 'exitCode', 'reallyExit', 'abort', 'kill'],
    ...['on', 'once', 'off', 'addListener', 'prependListener', 'removeListener'],
    ...['removeAllListeners', 'emit', 'stdout', 'stderr', 'title'],
  ]
    .map((property) => ({ object: 'process', property }))
    .concat(
      ['exitNow', 'ignoreSignal', 'keepFreedMemory'].map((property) => ({
        object: 'addon',
        property,
      })),
    )
    .map((property) => ({ ...property, message: 'Only src/terminal and src/main.ts may.' })),
  imports: [
    {
      regex: '\\/files\\/byte-output\\.js$',
      importNames: ['openStandardOutput'],
      message: 'Only src/terminal opens standard output, and hands it on.',
    },
    { regex: '^(node:)?process$', message: 'Use the global: the rules about it see no other.' },
  ],
  syntax: [
    {
      selector: "AssignmentExpression[left.property.name='level']",
      message: "Only src/terminal sets the log's level.",
    },
  ],
};

/** For each place, what it may not import: all other places of its own level and of higher ones. */
const levelRules = levels.flatMap((places, level) =>
  places.map((place) => {
    const forbidden = [
      ...levels
        .slice(level)
        .flat()
        .filter((other) => other !== place)
        .map((other) => ({
          regex: importOf(other),
          message: `src/${place} may not import from src/${other}: imports go to lower levels only.`,
        })),
      { regex: '^#kcap\\/', message: 'This is the way in for tests. Import by a relative path.' },
    ];
    const own = foreground.includes(place)
      ? { properties: [], imports: [], syntax: [] }
      : ofTheProcess;
    return {
      files: [filesOf(place)],
      rules: {
        'no-restricted-imports': ['error', { patterns: [...forbidden, ...own.imports] }],
        'no-restricted-properties': ['error', ...own.properties],
        'no-console': 'error',
        // The same for import(...), which the rule above does not look at.
        'no-restricted-syntax': [
          'error',
          ...forbidden.map(({ regex, message }) => ({
            selector: `ImportExpression[source.value=/${regex}/]`,
            message,
          })),
          ...own.syntax,
        ],
      },
    };
  }),
);

/** A file that is in none of these places would escape the rule. */
const nowhere = {
  files: ['src/**'],
  ignores: levels.flat().map(filesOf),
  rules: {
    'no-restricted-syntax': [
      'error',
      { selector: 'Program', message: 'This file has no level: give it one in eslint.config.js.' },
    ],
  },
};

export default tseslint.config(
  { ignores: ['dist/', 'dist-test/', 'dist-bench/', 'build/', '.cache/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  // Each program is made only where it is needed: scripts/lint checks the folders side by side.
  ...Object.entries({
    src: 'tsconfig.json',
    test: 'tsconfig.test.json',
    bench: 'tsconfig.bench.json',
  }).map(([folder, project]) => ({
    files: [`${folder}/**/*.ts`],
    languageOptions: { parserOptions: { project } },
  })),
  {
    files: ['test/**/*.ts'],
    rules: {
      // node:test's functions return promises that its runner awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'describe', 'it', 'suite'] },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  ...levelRules,
  nowhere,
);
