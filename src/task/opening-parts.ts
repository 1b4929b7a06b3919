import type { Logger } from 'pino';
import type { ByteOutput } from '../files/byte-output.js';
import type { Stop } from '../pipeline/stop.js';

/** What every run of the command line is opened with. */
export interface OpeningParts {
  /** Opens standard output, for what names no file. */
  readonly openOutput: () => ByteOutput;
  readonly stop: Stop;
  readonly log: Logger;
}
