import {
  aclProblem,
  bucketProblem,
  encodedMetadata,
  endpointProblem,
  folderProblem,
  regionProblem,
  type S3Place,
} from '../../aws/s3-place.js';
import { messageOf } from '../../errors/user-error.js';
import { MAX_SNAP_LENGTH } from '../../packet/packet-batch.js';
import { checkedFilter, LONGEST_FILTER } from './capture-filter.js';
import type { CaptureBounds, CaptureLimits, CaptureRequest } from './capture-request.js';
import { MessageFields } from './message-fields.js';
import { isNode, matchesNode } from './node-name.js';

/** Bytes of a message; SQS takes no more than that either. */
export const LARGEST_MESSAGE = 1024 * 1024;
/** Of an array. */
const MOST_MESSAGES = 100;
/** Interfaces or aliases of one message. */
const MOST_NAMES = 100;
/** Characters of names and texts. */
const LONGEST = { name: 255, pattern: 1000, filter: LONGEST_FILTER, text: 1000 } as const;
/** Bytes of all tags: S3 keeps 2 KB of metadata with an object. */
const MOST_TAG_BYTES = 1900;

/** The fields of a message, as pcapdaemon has them. */
export const MESSAGE_FIELDS: readonly string[] = [
  ...['node', 'nodere', 'interface', 'alias', 'bpf', 'snap', 'packets', 'bytes', 'duration'],
  ...['timeout', 'tags', 'customer', 'alertid', 'packetdebug', 'logrequest', 'folder', 'bucket'],
  ...['acl', 'region', 'endpoint', 'encryption'],
];
/** pcapdaemon's decoder knows these two, and nothing uses them. */
const UNUSED = ['aliasmatched', 'alertstr'];

/** What messages are read against. */
export interface MessageContext {
  readonly host: string;
  readonly bounds: CaptureBounds;
  /** Interfaces by alias. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
}

/** What a message means on this host. */
export interface TranslatedMessage {
  readonly requests: readonly CaptureRequest[];
  /** Why others of its captures are not made, a line each. */
  readonly refusals: readonly string[];
  /** Of an array, how many were for other hosts. */
  readonly forOthers: number;
  /** Fields that nobody knows; they change nothing. */
  readonly unknown: readonly string[];
  /** Whether the message asks to be logged as it came. */
  readonly logsRequest: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

/** Translates a message, or an array of them, into captures within the bounds. Never throws over what a message holds. */
export async function translateMessage(
  text: string,
  context: MessageContext,
): Promise<TranslatedMessage> {
  const translated: Mutable<TranslatedMessage> = {
    requests: [],
    refusals: [],
    forOthers: 0,
    unknown: [],
    logsRequest: false,
  };
  const messages = messagesIn(text);
  if ('problem' in messages) return { ...translated, refusals: [messages.problem] };
  for (const message of messages.all) {
    const fields = new MessageFields(message);
    const requests = await requestsOf(fields, context);
    if (requests === 'for others') {
      translated.forOthers++;
      continue;
    }
    translated.unknown.push(...fields.unknown([...MESSAGE_FIELDS, ...UNUSED]));
    translated.logsRequest ||= fields.flag('logrequest');
    if (fields.problems.length > 0) translated.refusals.push(fields.problems.join('; '));
    else translated.requests.push(...requests);
  }
  return translated;
}

function messagesIn(text: string): { all: readonly object[] } | { problem: string } {
  if (text.length > LARGEST_MESSAGE) return { problem: `longer than ${LARGEST_MESSAGE} bytes` };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    // V8 quotes what it read, which may be long or no text at all.
    const [cause = ''] = messageOf(error).split(/,? (?:in JSON|\.\.\.|")/);
    return { problem: `not JSON: ${cause}` };
  }
  const all: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  if (all.length === 0) return { problem: 'an empty list' };
  if (all.length > MOST_MESSAGES) return { problem: `a list of more than ${MOST_MESSAGES}` };
  return all.every(isObject)
    ? { all }
    : { problem: 'neither an object nor a list of objects, as a capture message is' };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function requestsOf(
  fields: MessageFields,
  context: MessageContext,
): Promise<CaptureRequest[] | 'for others'> {
  const isForThisHost = await readNode(fields, context.host);
  // What others are to do is not checked here: they know their own bounds and aliases.
  if (isForThisHost === false) return 'for others';
  const interfaces = readInterfaces(fields, context.aliases);
  const { bounds } = context;
  const snapLength = fields.count('snap') || bounds.snapLength;
  if (snapLength > MAX_SNAP_LENGTH)
    fields.check('snap', `${snapLength} is above ${MAX_SNAP_LENGTH}`);
  const shared = {
    snapLength,
    limits: readLimits(fields, bounds),
    s3: readS3(fields),
    logsPackets: fields.flag('packetdebug'),
  };
  const messageTags = readTags(fields);
  const requests = interfaces.map(({ name, alias }) => {
    const own = [
      ...(alias === undefined ? [] : [`alias:${alias}`]),
      `node:${context.host},interface:${name},snaplength:${snapLength}`,
    ];
    return { ...shared, interface: name, tags: [...messageTags, ...own].join(',') };
  });
  const longest = Math.max(0, ...requests.map(({ tags }) => encodedMetadata(tags).length));
  if (longest > MOST_TAG_BYTES)
    fields.check('tags', `${longest} bytes with customer and names, above ${MOST_TAG_BYTES}`);
  const filter = await readFilter(fields);
  return requests.map((request) => ({ ...request, filter }));
}

/** Whether the message is for this host; undefined where it does not say it as it should. */
async function readNode(fields: MessageFields, host: string): Promise<boolean | undefined> {
  const node = fields.text('node', LONGEST.name);
  const pattern = fields.text('nodere', LONGEST.pattern);
  if (node !== '' && pattern !== '') fields.check('node and nodere', 'both are set, use one');
  else if (node !== '') return isNode(node, host);
  else if (pattern === '') {
    if (fields.problems.length === 0) fields.check('node and nodere', 'neither is set, use one');
  } else
    try {
      return await matchesNode(pattern, host);
    } catch (error) {
      fields.check('nodere', messageOf(error));
    }
  return undefined;
}

/** The interfaces, each once, with the alias that stands for it where one does. */
function readInterfaces(
  fields: MessageFields,
  aliases: MessageContext['aliases'],
): { name: string; alias?: string }[] {
  const before = fields.problems.length;
  const bound = { most: MOST_NAMES, characters: LONGEST.name };
  const names = fields.names('interface', bound);
  const asked = fields.names('alias', bound);
  if (names.length > 0 && asked.length > 0)
    fields.check('interface and alias', 'both are set, use one');
  else if (names.length === 0 && asked.length === 0 && fields.problems.length === before)
    fields.check('interface and alias', 'neither is set, use one');
  if (names.length > 0) return names.map((name) => ({ name }));
  const found = new Map<string, { name: string; alias: string }>();
  for (const alias of asked) {
    const meant = aliases.get(alias);
    if (!meant) fields.check('alias', noSuchAlias(alias, aliases));
    for (const name of meant ?? []) if (!found.has(name)) found.set(name, { name, alias });
  }
  return [...found.values()];
}

function noSuchAlias(alias: string, aliases: MessageContext['aliases']): string {
  const known = [...aliases.keys()];
  const there = known.length === 0 ? 'none is configured' : `there are ${known.join(', ')}`;
  return `this host has no '${alias}' (${there})`;
}

function readLimits(fields: MessageFields, bounds: CaptureBounds): CaptureLimits {
  const within = (field: string, bound: string, most: number) => {
    const asked = fields.count(field);
    if (asked > most) fields.check(field, `${asked} is above ${bound} (${most})`);
    return asked;
  };
  const { maxPackets, maxBytes } = bounds;
  const packets = within('packets', 'maxpackets', maxPackets);
  const bytes = within('bytes', 'maxbytes', maxBytes);
  const duration = within('duration', 'maxduration', bounds.maxDurationMs / 1000);
  const timeout = within('timeout', 'maxtimeout', bounds.maxTimeoutMs / 1000);
  return {
    packets: packets || maxPackets,
    bytes: bytes || maxBytes,
    durationMs: duration === 0 ? bounds.maxDurationMs : duration * 1000,
    idleMs: timeout === 0 ? bounds.defaultTimeoutMs : timeout * 1000,
  };
}

function readS3(fields: MessageFields): Partial<S3Place> {
  const read = (name: string, problemOf: (value: string) => string | undefined) => {
    const value = fields.text(name, LONGEST.text);
    if (value === '') return {};
    fields.check(name, problemOf(value));
    return { [name]: value };
  };
  return {
    ...read('bucket', bucketProblem),
    ...read('folder', folderProblem),
    ...read('region', regionProblem),
    ...read('endpoint', endpointProblem),
    ...read('acl', aclProblem),
    ...(fields.flag('encryption') && { encryption: true }),
  };
}

/** In pcapdaemon's order. */
function readTags(fields: MessageFields): string[] {
  const customer = fields.text('customer', LONGEST.text);
  const alertId = fields.integer('alertid');
  const tags = fields.text('tags', LONGEST.text);
  return [
    ...(customer === '' ? [] : [`customer:${customer}`]),
    ...(alertId === 0 ? [] : [`alertid:${alertId}`]),
    ...(tags === '' ? [] : [tags]),
  ];
}

async function readFilter(fields: MessageFields): Promise<string> {
  const expression = fields.text('bpf', LONGEST.filter).trim();
  if (expression === '') return '';
  try {
    return await checkedFilter(expression);
  } catch (error) {
    fields.check('bpf', messageOf(error));
    return '';
  }
}
