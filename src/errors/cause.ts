/**
 * What becomes of packets that do not go out: they `failed` on their way, were `filtered` out on purpose, were `skipped`
 * since nothing could be made of them, or are `spooled` on disk for a later run.
 */
export type Fate = 'failed' | 'filtered' | 'skipped' | 'spooled';

/** Why packets did not go out. Causes with the same id are one cause. */
export interface Cause {
  /** For programs: the key in JSON and a metric's label, in lower case with hyphens. One of a bounded number. */
  readonly id: string;
  readonly fate: Fate;
  /** Whether the packets are lost by it: then the exit status is 1. */
  readonly loss: boolean;
  /** For people, to stand behind "'3' packet(s) failed: ". */
  readonly text: string;
}
