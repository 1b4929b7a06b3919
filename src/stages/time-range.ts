import { POSITION_BYTES, writable, type PacketBatch } from '../packet/packet-batch.js';
import { FRACTION_OFFSET, readUint32, recordLength } from '../packet/record.js';
import { microsecondsOf, type Microseconds } from '../packet/timestamp.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import type { Stage } from '../pipeline/contracts.js';
import { countFiltered } from './filtered.js';

/** Keeps the packets of a span of time: from its first microsecond on, up to but not including its last. */
export class TimeRange implements Stage {
  readonly finished = false;
  readonly #from: number;
  readonly #to: number;
  readonly #tally = new Tally();

  constructor(from: Microseconds | undefined, to: Microseconds | undefined) {
    this.#from = from ?? 0;
    this.#to = to ?? Infinity;
  }

  apply(given: PacketBatch): PacketBatch {
    const batch = writable(given);
    const { bytes, origin } = batch;
    const perMicrosecond = batch.link.precision === 'nano' ? 1000 : 1;
    let end = 0;
    let count = 0;
    for (let at = 0, index = 0; at < bytes.length; index++) {
      const length = recordLength(bytes, at);
      const fractionUs = Math.floor(readUint32(bytes, at + FRACTION_OFFSET) / perMicrosecond);
      const time = microsecondsOf(readUint32(bytes, at), fractionUs);
      if (time >= this.#from && time < this.#to) {
        if (end < at) bytes.copyWithin(end, at, at + length);
        if (count < index) moveRecord(origin?.positions, index, count);
        end += length;
        count++;
      }
      at += length;
    }
    const passed = { ...batch, bytes: bytes.subarray(0, end), count };
    countFiltered(this.#tally, countOf(batch), countOf(passed));
    if (!origin) return passed;
    // What was left out has been handled as well: `next` stays.
    const positions = origin.positions.subarray(0, count * POSITION_BYTES);
    return { ...passed, origin: { ...origin, positions } };
  }

  account(): Account {
    return this.#tally.account();
  }
}

function moveRecord(positions: Buffer | undefined, from: number, to: number): void {
  positions?.copyWithin(to * POSITION_BYTES, from * POSITION_BYTES, (from + 1) * POSITION_BYTES);
}
