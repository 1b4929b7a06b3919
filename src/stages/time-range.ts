import { POSITION_BYTES, type PacketBatch } from '../packet/packet-batch.js';
import { FRACTION_OFFSET, readUint32, recordLength } from '../packet/record.js';
import { microsecondsOf, type Microseconds } from '../packet/timestamp.js';
import type { Stage, StageCounters } from '../pipeline/contracts.js';

/** Keeps the packets of a span of time: from its first microsecond on, up to but not including its last. */
export class TimeRange implements Stage {
  readonly finished = false;
  readonly #from: number;
  readonly #to: number;
  #filtered = 0;

  constructor(from: Microseconds | undefined, to: Microseconds | undefined) {
    this.#from = from ?? 0;
    this.#to = to ?? Infinity;
  }

  apply(batch: PacketBatch): PacketBatch {
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
    this.#filtered += batch.count - count;
    const passed = { ...batch, bytes: bytes.subarray(0, end), count };
    if (!origin) return passed;
    // What was left out has been handled as well: `next` stays.
    const positions = origin.positions.subarray(0, count * POSITION_BYTES);
    return { ...passed, origin: { ...origin, positions } };
  }

  counters(): StageCounters {
    return { filtered: this.#filtered, returned: 0, returnedBytes: 0 };
  }
}

function moveRecord(positions: Buffer | undefined, from: number, to: number): void {
  positions?.copyWithin(to * POSITION_BYTES, from * POSITION_BYTES, (from + 1) * POSITION_BYTES);
}
