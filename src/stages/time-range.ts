import type { PacketBatch } from '../packet/packet-batch.js';
import { FRACTION_OFFSET, readUint32 } from '../packet/record.js';
import { microsecondsOf, type Microseconds } from '../packet/timestamp.js';
import { countOf, Tally, type Account } from '../pipeline/account.js';
import type { Stage } from '../pipeline/contracts.js';
import { countFiltered } from './filtered.js';
import { keepRecords } from './kept-records.js';

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

  apply(batch: PacketBatch): PacketBatch {
    const perMicrosecond = batch.link.precision === 'nano' ? 1000 : 1;
    const passed = keepRecords(batch, (bytes, at) => {
      const fractionUs = Math.floor(readUint32(bytes, at + FRACTION_OFFSET) / perMicrosecond);
      const time = microsecondsOf(readUint32(bytes, at), fractionUs);
      return time >= this.#from && time < this.#to;
    });
    countFiltered(this.#tally, countOf(batch), countOf(passed));
    return passed;
  }

  account(): Account {
    return this.#tally.account();
  }
}
