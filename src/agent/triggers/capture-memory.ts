import type { CaptureLimits } from './capture-request.js';

const MIB = 1024 * 1024;

/** The memory that captures share with tasks, in bytes. */
export interface CaptureMemory {
  /** For all of them together. */
  readonly boundBytes: () => number;
  /** What tasks leave of it at present. */
  readonly leftBytes: () => number;
}

/** What a capture takes: the kernel's ring at once, and its file as it grows. */
export function memoryOf({ bytes }: CaptureLimits, bufferMiB: number): number {
  return bytes + bufferMiB * MIB;
}

/** Why a capture does not fit even once all others have ended; begins with the message's field. */
export function whyNoRoom(
  limits: CaptureLimits,
  bufferMiB: number,
  { boundBytes, leftBytes }: CaptureMemory,
): string {
  const takes = `bytes: ${limits.bytes} and a ring of ${bufferMiB} MiB are above`;
  const bound = `resources.max_memory (${mib(boundBytes())} MiB)`;
  return memoryOf(limits, bufferMiB) > boundBytes()
    ? `${takes} ${bound}`
    : `${takes} what tasks leave (${mib(leftBytes())} MiB) of ${bound}`;
}

/** Rounded down: there is at least that much. */
function mib(bytes: number): string {
  return String(Math.max(0, Math.floor(bytes / MIB)));
}
