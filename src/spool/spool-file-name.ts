import { createHash } from 'node:crypto';

/** What a spool file's name says. */
export interface SpoolFileName {
  /** Of its segment: segments are sent in the order of their numbers. */
  readonly number: number;
  /** Which of the segment's files it is, from 1 on. */
  readonly index: number;
  readonly interface: string | undefined;
}

/** What a name says that was found in a folder. */
export interface FoundName extends SpoolFileName {
  /** The interface's name is too long for a file name: it is in a file beside it. */
  readonly isInterfaceBeside: boolean;
  /** What was put aside is not sent: `refused`, `damaged`. */
  readonly isAside: boolean;
}

const NUMBER_DIGITS = 12;
/** Linux takes file names of up to 255 bytes; `.damaged` may follow. */
const LONGEST_NAME_BYTES = 255 - '.damaged'.length;
const LONGEST_TOPIC_BYTES = 200;
/** Stands where an interface's name is too long. Never in one that is not. */
const BESIDE = '~';

/** The topic as it stands in file names: whole, or its beginning and a hash where it is too long. */
export function topicInNames(topic: string): string {
  if (topic.length <= LONGEST_TOPIC_BYTES) return topic;
  const hash = createHash('sha256').update(topic).digest('hex').slice(0, 16);
  return `${topic.slice(0, LONGEST_TOPIC_BYTES - 17)}~${hash}`;
}

/**
 * TOPIC@NUMBER[-INDEX][@INTERFACE].pcap; without an index it is the first of its number.
 *
 * @param topic as topicInNames() gives it
 */
export function encodeName(
  topic: string,
  { number, index, interface: name }: SpoolFileName,
): { readonly name: string; readonly isInterfaceBeside: boolean } {
  const digits = String(number).padStart(NUMBER_DIGITS, '0');
  const start = `${topic}@${digits}${index === 1 ? '' : `-${index}`}`;
  if (name === undefined) return { name: `${start}.pcap`, isInterfaceBeside: false };
  const whole = `${start}@${encodeInterface(name)}.pcap`;
  return whole.length <= LONGEST_NAME_BYTES
    ? { name: whole, isInterfaceBeside: false }
    : { name: `${start}@${BESIDE}.pcap`, isInterfaceBeside: true };
}

/** Undefined where the name is not one of this topic's. */
export function parseName(topic: string, name: string): FoundName | undefined {
  const rest = name.startsWith(`${topic}@`) ? name.slice(topic.length + 1) : '';
  const found = /^(\d{12})(?:-(\d+))?(?:@([^@]*))?\.pcap(\.refused|\.damaged)?$/.exec(rest);
  if (!found) return undefined;
  const [, number = '', index = '1', where, aside] = found;
  const isInterfaceBeside = where === BESIDE;
  return {
    number: Number(number),
    index: Number(index),
    interface: where === undefined || isInterfaceBeside ? undefined : decodeInterface(where),
    isInterfaceBeside,
    isAside: aside !== undefined,
  };
}

function encodeInterface(name: string): string {
  // Through UTF-8, since an unpaired surrogate would throw.
  return encodeURIComponent(Buffer.from(name).toString()).replaceAll('~', '%7E');
}

/** As it stands where nobody has encoded it: somebody may have named the file. */
function decodeInterface(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
