import type { PacketCursor } from '../cursor.js';
import { Colour, type Line } from './line.js';

const QUARTER_SECONDS = 900;
const DAY_SECONDS = 86_400;

/** Writes packets' times of day, in local time, as tcpdump does. */
export class Clock {
  #quarter = -1;
  /** Of local time to UTC; it changes only between quarters of an hour. */
  #offsetSeconds = 0;

  write(line: Line, { seconds, fraction, isNanoseconds }: PacketCursor): void {
    const quarter = Math.floor(seconds / QUARTER_SECONDS);
    if (quarter !== this.#quarter) {
      this.#quarter = quarter;
      this.#offsetSeconds = offsetSeconds(seconds);
    }
    const ofDay = (seconds + this.#offsetSeconds + DAY_SECONDS) % DAY_SECONDS;
    const minutes = (ofDay / 60) | 0;
    line.paint(Colour.Time);
    line.padded((minutes / 60) | 0, 2);
    line.character(0x3a);
    line.padded(minutes % 60, 2);
    line.character(0x3a);
    line.padded(ofDay % 60, 2);
    line.character(0x2e);
    if (isNanoseconds) line.padded(fraction % 1_000_000_000, 9);
    else line.padded(fraction % 1_000_000, 6);
    line.plain();
    line.space();
  }
}

function offsetSeconds(seconds: number): number {
  const date = new Date(seconds * 1000);
  const local = date.getHours() * 3600 + date.getMinutes() * 60 + date.getSeconds();
  const difference = local - (seconds % DAY_SECONDS);
  return difference <= -DAY_SECONDS / 2 ? difference + DAY_SECONDS : difference;
}
