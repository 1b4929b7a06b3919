import assert from 'node:assert/strict';

import { PacketCursor } from '#kcap/decode/cursor.js';
import { decodeToTransport } from '#kcap/decode/decode-layer.js';
import { StreamEnds } from '#kcap/decode/stream/stream-ends.js';
import { type Splitter, StreamEvent } from '#kcap/decode/stream/stream-event.js';
import type { StreamLimits } from '#kcap/decode/stream/stream-limits.js';
import { TcpStreams } from '#kcap/decode/stream/tcp-streams.js';

import { batchOf } from '../../packet/packets.js';
import { ethernet, ipv4, IPV4_ENDS, tcp } from '../../support/frames.js';

/** Keeps all that a stream has given, with `|` where bytes are missing and `.` at its end. */
export class Recorder implements Splitter {
  text = '';
  keptBytes = 0;
  hasEnded = false;
}

export interface Sent {
  readonly content?: string;
  readonly sequence: number;
  /** Letters as tcpdump's. */
  readonly flags?: string;
  readonly ports?: readonly [source: number, destination: number];
  /** In microseconds. */
  readonly time?: number;
  /** Bytes of it that were not captured. */
  readonly uncaptured?: number;
  readonly isTunneled?: boolean;
}

export const PORTS = [40_000, 5060] as const;

export function frameOf({ content = '', sequence, flags = '.', ports, isTunneled }: Sent): Buffer {
  const segment = tcp(ports ?? PORTS, Buffer.from(content, 'latin1'), { sequence, flags });
  const packet = ipv4(6, segment, IPV4_ENDS);
  return ethernet(0x0800, isTunneled === true ? ipv4(4, packet) : packet);
}

/** Everything that has come of streams, in the order in which they began. */
export class Recording {
  readonly recorders: Recorder[] = [];
  readonly streams: TcpStreams<Recorder>;
  readonly #cursor = new PacketCursor();
  readonly #ends = new StreamEnds();
  /** Bytes that were handed on from elsewhere than the packet. */
  copied = 0;
  /** Of each event, the source port of its stream. */
  readonly sources: number[] = [];

  constructor(limits: Partial<StreamLimits> = {}) {
    this.streams = new TcpStreams(
      () => {
        const recorder = new Recorder();
        this.recorders.push(recorder);
        return recorder;
      },
      { streams: 64, opened: 64, heldBytes: 0, ...limits },
    );
  }

  get texts(): string[] {
    return this.recorders.map(({ text }) => text);
  }

  send(...all: readonly Sent[]): this {
    for (const sent of all) {
      const { time = 0, uncaptured = 0 } = sent;
      const whole = frameOf(sent);
      const frame = whole.subarray(0, whole.length - uncaptured);
      const batch = batchOf([
        {
          seconds: Math.floor(time / 1_000_000),
          fraction: time % 1_000_000,
          frame,
          originalLength: whole.length,
        },
      ]);
      this.#cursor.begin(batch);
      assert.ok(this.#cursor.next());
      assert.ok(decodeToTransport(this.#cursor));
      this.streams.add(this.#cursor);
      this.take();
      // Nothing refers to the packet any longer.
      batch.bytes.fill(0x21);
    }
    return this;
  }

  take(): void {
    const { streams } = this;
    for (let event = streams.next(); event !== StreamEvent.None; event = streams.next()) {
      const { splitter, bytes, start, end } = streams;
      assert.ok(splitter);
      streams.readEnds(this.#ends);
      this.sources.push(this.#ends.sourcePort);
      assert.equal(splitter.hasEnded, false, 'an event after the end');
      splitter.hasEnded = event === StreamEvent.End;
      if (event === StreamEvent.Bytes) {
        assert.ok(start < end);
        splitter.text += bytes.toString('latin1', start, end);
        if (bytes !== this.#cursor.bytes) this.copied += end - start;
      } else splitter.text += event === StreamEvent.Hole ? '|' : '.';
    }
  }

  expire(time: number): this {
    this.streams.expire(time);
    this.take();
    return this;
  }

  finish(): this {
    this.streams.finish();
    this.take();
    return this;
  }
}
