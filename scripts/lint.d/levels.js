import path from 'node:path';

/**
 * The project's own rules, for oxlint: files import from lower levels only, and what belongs to the process is the
 * foreground's (docs/architecture.md).
 */

const SRC = path.resolve(import.meta.dirname, '../../src');

/** What stands in `src`, from the lowest level to the highest. Places of one level can't import each other. */
const LEVELS = [
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

/** Where a run is in the foreground: all others say what they want by a return value, an error or a log record. */
const FOREGROUND = ['terminal', 'main.ts'];

/** What belongs to the process and not to a run: its signals, its end, its standard streams. */
const OF_THE_PROCESS = {
  process: new Set([
    ...['exit', 'exitCode', 'reallyExit', 'abort', 'kill'],
    ...['on', 'once', 'off', 'addListener', 'prependListener', 'removeListener'],
    ...['removeAllListeners', 'emit', 'stdout', 'stderr', 'title'],
  ]),
  addon: new Set(['exitNow', 'ignoreSignal', 'keepFreedMemory']),
};

/** A file imports from its own folder and from lower levels, never from a higher level or a neighbour. */
const importsGoDown = {
  create(context) {
    const own = placeOf(context.filename);
    const level = levelOf(own);
    const check = (source) => {
      if (typeof source?.value !== 'string') return;
      const report = (message) => context.report({ node: source, message });
      if (source.value.startsWith('#kcap/'))
        report('This is the way in for tests. Import by a relative path.');
      if (!source.value.startsWith('.')) return;
      const place = placeOf(
        path.resolve(path.dirname(context.filename), source.value.replace(/\.js$/, '.ts')),
      );
      if (place !== own && !(levelOf(place) < level))
        report(`src/${own} may not import from src/${place}: imports go to lower levels only.`);
    };
    return {
      Program(node) {
        if (level === -1)
          context.report({
            node,
            message: `src/${own} has no level: give it one in scripts/lint.d/levels.js.`,
          });
      },
      ImportDeclaration: ({ source }) => check(source),
      ExportNamedDeclaration: ({ source }) => check(source),
      ExportAllDeclaration: ({ source }) => check(source),
      ImportExpression: ({ source }) => check(source),
      TSImportType: ({ source }) => check(source),
    };
  },
};

/** Only the foreground reads signals, ends the process, writes to its standard streams or sets the log's level. */
const processBelongsToForeground = {
  create(context) {
    if (FOREGROUND.includes(placeOf(context.filename))) return {};
    const report = (node, what) =>
      context.report({ node, message: `${what}: only src/terminal and src/main.ts may.` });
    const check = (node, object, property) => {
      if (object?.type === 'Identifier' && OF_THE_PROCESS[object.name]?.has(property))
        report(node, `${object.name}.${property}`);
    };
    return {
      MemberExpression: (node) => check(node, node.object, nameOf(node.property)),
      VariableDeclarator({ id, init }) {
        if (id.type === 'ObjectPattern')
          for (const property of id.properties) check(property, init, nameOf(property.key));
      },
      ImportDeclaration(node) {
        const from = node.source.value;
        if (/^(node:)?process$/.test(from)) report(node, 'Use the global, which this rule sees');
        if (
          /\/files\/byte-output\.js$/.test(from) &&
          node.specifiers.some(({ imported }) => nameOf(imported) === 'openStandardOutput')
        )
          report(node, 'Opening standard output');
      },
      AssignmentExpression(node) {
        if (node.left.type === 'MemberExpression' && nameOf(node.left.property) === 'level')
          report(node, "Setting the log's level");
      },
    };
  },
};

/** The folder or file right in `src` that a file belongs to. */
function placeOf(file) {
  return path.relative(SRC, file).split(path.sep)[0];
}

function levelOf(place) {
  return LEVELS.findIndex((places) => places.includes(place));
}

/** `exit` in `process.exit`, `process['exit']` and `{ exit } = process`. */
function nameOf(key) {
  return key?.name ?? key?.value;
}

export default {
  meta: { name: 'levels' },
  rules: {
    'imports-go-down': importsGoDown,
    'process-belongs-to-foreground': processBelongsToForeground,
  },
};
