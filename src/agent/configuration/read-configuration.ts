import { checkDocument, faultAt } from '../../documents/check-document.js';
import type { Document, Path } from '../../documents/document.js';
import type { Environment } from '../../documents/environment.js';
import { ignoredKeys, type IgnoredKey } from '../../documents/ignored-keys.js';
import { withOverrides } from '../../documents/overrides.js';
import { readDocument, type ReadOptions } from '../../documents/read-document.js';
import { AGENT_ROOTS, agentRootOf } from '../../task/description/read-task.js';
import { AGENT, type AgentConfiguration } from './configuration.js';
import { TRIGGERS_SHAPE } from './triggers.js';

/** What variables begin with that set single keys: KCAP__CONTROL__SOCKET. */
const PREFIX = 'KCAP';

/**
 * The configuration of an agent in a file: YAML or JSON below the key kcap (or capture-agent, otus), or TOML, in which
 * pcapdaemon's sections may stand at the root.
 *
 * @param options.onIgnored called for each key that changes nothing
 * @throws DocumentError with all that is wrong, and where
 */
export async function readConfiguration(
  file: string,
  options: ReadOptions & { readonly onIgnored: (key: IgnoredKey) => void },
): Promise<AgentConfiguration> {
  const document = await readDocument(file, options);
  const configuration = checkConfiguration(document, options);
  for (const key of ignoredConfigurationKeys(document, options)) options.onIgnored(key);
  return configuration;
}

/** The same of a document that has been read. */
export function checkConfiguration(
  document: Document,
  { environment }: ReadOptions,
): AgentConfiguration {
  return checkDocument(configurationIn(document, environment), AGENT);
}

/** The keys of a configuration, which must be a valid one, that change nothing. */
export function ignoredConfigurationKeys(
  document: Document,
  { environment }: ReadOptions,
): IgnoredKey[] {
  return ignoredKeys(configurationIn(document, environment), AGENT);
}

function configurationIn(document: Document, environment: Environment): Document {
  return withOverrides(withoutRoot(document), PREFIX, environment);
}

/** Whether a document is an agent's configuration, as opposed to a task. */
export function isConfiguration(document: Document): boolean {
  return document.isToml || agentRootOf(document) !== undefined;
}

/** The document as if it began below its root key. */
function withoutRoot(document: Document): Document {
  const root = agentRootOf(document);
  if (root === undefined) return document.isToml ? withTriggersBelow(document) : refuse(document);
  const entries = Object.entries(document.value as object);
  const other = entries.find(([key]) => key !== root);
  if (other)
    throw faultAt(document, [other[0]], {
      ...{ part: 'key', cause: `it is beside ${root}, not below` },
      remedy: `move it below ${root}`,
    });
  return moved(document, entries[0]?.[1] ?? {}, (path) => [root, ...path]);
}

function refuse(document: Document): never {
  throw faultAt(document, [], {
    cause: `no key ${AGENT_ROOTS[0]} at the root`,
    remedy: `a configuration stands below ${AGENT_ROOTS.join(', or ')}`,
  });
}

/** pcapdaemon's file, its sections moved to where kcap has them. */
function withTriggersBelow(document: Document): Document {
  const entries = Object.entries(document.value as object);
  const isOfTriggers = (key: string) => Object.hasOwn(TRIGGERS_SHAPE, key);
  const value = {
    ...Object.fromEntries(entries.filter(([key]) => !isOfTriggers(key))),
    triggers: Object.fromEntries(entries.filter(([key]) => isOfTriggers(key))),
  };
  return moved(document, value, (path) => (path[0] === 'triggers' ? path.slice(1) : path));
}

/** @param origin where in the document a path of `value` is */
function moved(document: Document, value: unknown, origin: (path: Path) => Path): Document {
  return {
    ...document,
    value,
    find: (path, part) => document.find(origin(path), part),
    isFromEnvironment: (path) => document.isFromEnvironment(origin(path)),
  };
}
