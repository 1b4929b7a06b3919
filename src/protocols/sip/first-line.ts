import type { ByteRange } from '../byte-range.js';
import { viewOf } from '../byte-view.js';
import { CR, GREATER, isAnyCase, isBlank, isDigit, isToken, LESS, SPACE } from './ascii.js';
import { lineEndIn } from './line-end.js';

/** What a first line says, where it is one of SIP. */
export interface FirstLine {
  /** Where the line after it begins. */
  next: number;
  isRequest: boolean;
  /** A response's, otherwise 0. */
  status: number;
  readonly method: ByteRange;
  readonly uri: ByteRange;
  readonly reason: ByteRange;
}

/** What the beginning of a message is. */
export enum Beginning {
  Sip,
  /** By its form it is SIP, but of another version, or with an impossible status. */
  Invalid,
  NotSip,
  /** The bytes end before the line does, and what there is may be the beginning of one. */
  Cut,
}

const VERSION_BYTES = 'SIP/2.0'.length;

/** Reads the first line at `at`: a request's or a response's. More blanks than there should be are ignored. */
export function readFirstLine(bytes: Buffer, at: number, end: number, line: FirstLine): Beginning {
  const view = viewOf(bytes);
  // sip/ in any case
  return end - at >= 4 && (view.getInt32(at, true) | 0x202020) === 0x2f706973
    ? readStatusLine(bytes, view, at, end, line)
    : readRequestLine(bytes, view, at, end, line);
}

function readStatusLine(
  bytes: Buffer,
  view: DataView,
  at: number,
  end: number,
  line: FirstLine,
): Beginning {
  if (at + 4 < end && !isDigit(bytes[at + 4])) return Beginning.NotSip;
  const lf = lineEndIn(view, at + 4, end);
  if (lf === -1) return Beginning.Cut;
  line.next = lf + 1;
  const last = trimmedEnd(bytes, at, lf);
  if (!isVersion(bytes, view, at, lf) || !isBlank(bytes[at + 7])) return Beginning.Invalid;
  at += 7;
  while (at < last && isBlank(bytes[at])) at++;
  const codeAt = at;
  let status = 0;
  while (at < last && isDigit(bytes[at]) && at - codeAt < 4)
    status = status * 10 + (bytes[at++] ?? 0) - 48;
  if (at - codeAt !== 3 || status < 100 || status > 699) return Beginning.Invalid;
  if (at < last && !isBlank(bytes[at])) return Beginning.Invalid;
  while (at < last && isBlank(bytes[at])) at++;
  line.isRequest = false;
  line.status = status;
  line.uri.clear();
  line.reason.set(at, last);
  return Beginning.Sip;
}

function readRequestLine(
  bytes: Buffer,
  view: DataView,
  at: number,
  end: number,
  line: FirstLine,
): Beginning {
  const methodAt = at;
  while (at < end && isToken(bytes[at])) at++;
  if (at >= end) return Beginning.Cut;
  if (at === methodAt || bytes[at] !== SPACE) return Beginning.NotSip;
  const methodEnd = at;

  const lf = lineEndIn(view, at, end);
  if (lf === -1) return Beginning.Cut;
  line.next = lf + 1;
  const last = trimmedEnd(bytes, methodEnd, lf);
  // SIP/2.0 and a blank before it, at least.
  const versionAt = last - VERSION_BYTES;
  if (versionAt <= methodEnd || !isVersion(bytes, view, versionAt, last))
    return endsInVersion(bytes, methodEnd, last) ? Beginning.Invalid : Beginning.NotSip;
  if (!isBlank(bytes[versionAt - 1])) return Beginning.NotSip;

  let uriAt = methodEnd;
  while (uriAt < versionAt && isBlank(bytes[uriAt])) uriAt++;
  let uriEnd = trimmedEnd(bytes, uriAt, versionAt);
  if (uriEnd - uriAt > 2 && bytes[uriAt] === LESS && bytes[uriEnd - 1] === GREATER) {
    uriAt++;
    uriEnd--;
  }
  if (uriAt >= uriEnd) return Beginning.Invalid;
  line.isRequest = true;
  line.status = 0;
  line.method.set(methodAt, methodEnd);
  line.uri.set(uriAt, uriEnd);
  line.reason.clear();
  return Beginning.Sip;
}

/** Whether this version begins at `at`, most likely in capitals, as it should be written. */
function isVersion(bytes: Buffer, view: DataView, at: number, end: number): boolean {
  if (end - at < VERSION_BYTES) return false;
  // SIP/ and /2.0
  if (view.getInt32(at, true) === 0x2f504953 && view.getInt32(at + 3, true) === 0x302e322f)
    return true;
  return isAnyCase(bytes, at, at + VERSION_BYTES, 'sip/2.0');
}

/** Whether the last word before `last` is the version of some SIP. */
function endsInVersion(bytes: Buffer, start: number, last: number): boolean {
  let at = last;
  while (at > start && (isDigit(bytes[at - 1]) || bytes[at - 1] === 46)) at--;
  return (
    at < last && at - 5 >= start && isAnyCase(bytes, at - 4, at, 'sip/') && isBlank(bytes[at - 5])
  );
}

function trimmedEnd(bytes: Buffer, start: number, end: number): number {
  while (end > start && (isBlank(bytes[end - 1]) || bytes[end - 1] === CR)) end--;
  return end;
}
