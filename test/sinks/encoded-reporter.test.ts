import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

import { underWay, type Tally } from '#kcap/pipeline/account.js';
import { ReaderLeft } from '#kcap/pipeline/contracts.js';
import type { JsonBytes } from '#kcap/protocols/json-bytes.js';
import { MessageBatch } from '#kcap/protocols/message-batch.js';
import { MediaKind } from '#kcap/protocols/rtp/media-packet.js';
import { SipMessage } from '#kcap/protocols/sip/sip-message.js';
import { EncodedReporter, type EncodedReporterOptions } from '#kcap/sinks/encoded-reporter.js';
import type { Chunk, Outlet } from '#kcap/sinks/outlet.js';

import { passageOf } from '../protocols/passages.js';
import { sipRequest } from '../support/sip-packets.js';

const NEVER = new AbortController().signal;

/** Takes a chunk only when it is let. */
class HeldOutlet implements Outlet {
  readonly taken: string[] = [];
  readonly waiting: (() => void)[] = [];
  failure: Error | undefined;
  isOpen = false;

  async send({ bytes, ends }: Chunk, tally: Tally): Promise<void> {
    if (!this.isOpen)
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    if (this.failure) throw this.failure;
    this.taken.push(bytes.toString());
    tally.pass({ packets: ends.length, bytes: bytes.length });
  }

  open(): void {
    this.isOpen = true;
    for (const resume of this.waiting.splice(0)) resume();
  }

  async close(): Promise<void> {
    // There is nothing to close.
  }
}

/** Whose peer answers nothing, for as long as it is waited for. */
class SilentOutlet implements Outlet {
  gaveUp = false;

  async send(_chunk: Chunk, _tally: Tally, giveUp: AbortSignal): Promise<void> {
    await new Promise((resolve) => {
      giveUp.addEventListener('abort', resolve, { once: true });
    });
    this.gaveUp = true;
  }

  async close(): Promise<void> {
    // There is nothing to close.
  }
}

function messages(...callIds: string[]): MessageBatch {
  const batch = new MessageBatch();
  const message = new SipMessage();
  callIds.forEach((callId, index) => {
    const bytes = sipRequest('BYE', callId);
    message.readDatagram(bytes, 0, bytes.length);
    batch.append(message, passageOf('192.0.2.1', '192.0.2.2', { sourcePort: 1000 + index }));
  });
  return batch;
}

function reporter(outlet: Outlet, more: Partial<EncodedReporterOptions> = {}): EncodedReporter {
  return new EncodedReporter({
    name: 'test',
    encoder: {
      encode: (out, message) => {
        const callId = message.text(message.callId);
        out.piece(`${callId};`);
        return callId !== 'unfit';
      },
    },
    outlet,
    whenSlow: 'wait',
    ...more,
  });
}

function counts(sink: EncodedReporter): unknown {
  const { in: taken, out, outcomes } = sink.account();
  const ended = [...outcomes].map(([id, { packets }]) => [id, packets]);
  return { in: taken.packets, out: out.packets, ...Object.fromEntries(ended) };
}

test('what an encoder writes in rows stays in order with media, and with messages that it looks at', async () => {
  const outlet = new HeldOutlet();
  outlet.open();
  const write = (out: JsonBytes, text: string): number => {
    out.piece(text);
    return out.length;
  };
  const encoder: EncodedReporterOptions['encoder'] = {
    encode: (out, message) => write(out, `<${message.text(message.callId)}>`) > 0,
    writeRows: (out, batch, first, ends) => {
      for (let index = 0; index < ends.length; index++) {
        batch.go(first + index);
        const callId = batch.message.text(batch.message.callId);
        if (callId === 'special') return index;
        ends[index] = write(out, `${callId};`);
      }
      return ends.length;
    },
  };
  const sink = reporter(outlet, {
    encoder,
    mediaEncoder: { encode: (out, packet) => write(out, `${packet.callId}!`) > 0 },
  });
  const batch = messages('a', 'special', 'special', 'b', 'c', 'special');
  for (const messagesBefore of [0, 2, 4, 6])
    batch.media.append(
      { kind: MediaKind.Rtcp, callId: `after ${messagesBefore}`, codec: undefined, messagesBefore },
      Buffer.alloc(8),
      0,
      8,
      passageOf('192.0.2.1', '192.0.2.2'),
    );
  await sink.write(batch, NEVER);
  assert.deepEqual(outlet.taken, [
    'after 0!a;<special>after 2!<special>b;after 4!c;<special>after 6!',
  ]);
  assert.deepEqual(counts(sink), { in: 10, out: 10 });
});

test('what an encoder has only taken stands before media that came later', async () => {
  const outlet = new HeldOutlet();
  outlet.open();
  let taken: string[] = [];
  const sink = reporter(outlet, {
    encoder: {
      encode: (_, message) => taken.push(message.text(message.callId)) > 0,
      writeAll: (out, ends) => {
        assert.equal(ends.length, taken.length);
        for (const [index, callId] of taken.entries()) {
          out.piece(`${callId};`);
          ends[index] = out.length;
        }
        taken = [];
      },
    },
    mediaEncoder: {
      encode: (out, packet) => {
        out.piece(`${packet.callId}!`);
        return true;
      },
    },
  });
  const batch = messages('a', 'b', 'c');
  for (const messagesBefore of [1, 3, 3])
    batch.media.append(
      { kind: MediaKind.Rtcp, callId: `after ${messagesBefore}`, codec: undefined, messagesBefore },
      Buffer.alloc(8),
      0,
      8,
      passageOf('192.0.2.1', '192.0.2.2'),
    );
  await sink.write(batch, NEVER);
  assert.deepEqual(outlet.taken, ['a;after 1!b;c;after 3!after 3!']);
  assert.deepEqual(counts(sink), { in: 6, out: 6 });
});

test('where it waits, a write resolves once the outlet has taken the messages', async () => {
  const outlet = new HeldOutlet();
  const sink = reporter(outlet);
  let isDone = false;
  const writing = sink.write(messages('a', 'unfit', 'b'), NEVER).then(() => {
    isDone = true;
  });
  await new Promise(setImmediate);
  assert.equal(isDone, false);
  outlet.open();
  await writing;
  assert.deepEqual(outlet.taken, ['a;b;']);
  assert.deepEqual(counts(sink), { in: 3, out: 2, 'too-long': 1 });
});

test('beyond its bound it drops and counts, and what waits goes out in order', async () => {
  const outlet = new HeldOutlet();
  const sink = reporter(outlet, { whenSlow: { dropBeyondBytes: 8 } });
  for (const callId of ['one', 'two', 'three', 'x']) await sink.write(messages(callId), NEVER);
  assert.deepEqual(counts(sink), { in: 4, out: 0, 'end-too-slow': 2 });
  outlet.open();
  await sink.flush(NEVER);
  assert.deepEqual(outlet.taken, ['one;', 'two;']);
  assert.deepEqual(counts(sink), { in: 4, out: 2, 'end-too-slow': 2 });
  await sink.write(messages('later'), NEVER);
  await sink.flush(NEVER);
  assert.deepEqual(counts(sink), { in: 5, out: 3, 'end-too-slow': 2 });
});

test('what has waited longest gives way where the newest is wanted, but not what is being sent', async () => {
  const outlet = new HeldOutlet();
  const sink = reporter(outlet, {
    whenSlow: { dropBeyondBytes: 100, dropBeyondMessages: 3, drops: 'oldest' },
  });
  for (const callId of ['one', 'two', 'three', 'four']) await sink.write(messages(callId), NEVER);
  await sink.write(messages('five', 'six'), NEVER);
  assert.deepEqual(counts(sink), { in: 6, out: 0, 'end-too-slow': 3 });
  outlet.open();
  await sink.flush(NEVER);
  assert.deepEqual(outlet.taken, ['one;', 'five;six;']);
  assert.deepEqual(counts(sink), { in: 6, out: 3, 'end-too-slow': 3 });
});

test('the newest gives way beyond a number of messages, unless it is all there is', async () => {
  const outlet = new HeldOutlet();
  const sink = reporter(outlet, { whenSlow: { dropBeyondBytes: 100, dropBeyondMessages: 2 } });
  await sink.write(messages('a', 'b', 'c'), NEVER);
  assert.ok(sink.isFull);
  await sink.write(messages('d'), NEVER);
  outlet.open();
  await sink.flush(NEVER);
  assert.deepEqual(outlet.taken, ['a;b;c;']);
  assert.deepEqual(counts(sink), { in: 4, out: 3, 'end-too-slow': 1 });
});

test('an outlet with a window has the next chunks before the first went out, and no more of them', async () => {
  const outlet = new HeldOutlet();
  const sink = reporter(Object.assign(outlet, { window: 2 }), {
    whenSlow: { dropBeyondBytes: 100 },
  });
  for (const callId of ['one', 'two', 'three']) await sink.write(messages(callId), NEVER);
  assert.equal(outlet.waiting.length, 2);
  outlet.waiting.shift()?.();
  await turn();
  assert.deepEqual(outlet.taken, ['one;']);
  assert.equal(outlet.waiting.length, 2);
  outlet.open();
  await sink.flush(NEVER);
  assert.deepEqual(outlet.taken, ['one;', 'two;', 'three;']);
  assert.deepEqual(counts(sink), { in: 3, out: 3 });
});

test('an outlet that fails with several chunks fails once', async () => {
  const outlet = new HeldOutlet();
  const sink = reporter(Object.assign(outlet, { window: 2 }), {
    whenSlow: { dropBeyondBytes: 100 },
  });
  for (const callId of ['one', 'two', 'three']) await sink.write(messages(callId), NEVER);
  outlet.failure = new Error('broken');
  outlet.open();
  await sink.flush(NEVER);
  assert.equal(sink.failure?.error, outlet.failure);
  assert.deepEqual(counts(sink), { in: 3, out: 0, 'end-failed': 3 });
});

for (const [what, failure, cause] of [
  ['an outlet that fails', new Error('broken'), 'end-failed'],
  ['a reader that leaves', new ReaderLeft(), 'reader-left'],
] as const)
  test(`${what} ends it alone; what it would have sent is counted`, async () => {
    const outlet = new HeldOutlet();
    outlet.failure = failure;
    const failures: unknown[] = [];
    const sink = reporter(outlet, {
      whenSlow: { dropBeyondBytes: 100 },
      onFailure: (error) => failures.push(error),
    });
    await sink.write(messages('a', 'b'), NEVER);
    await sink.write(messages('c'), NEVER);
    outlet.open();
    await sink.flush(NEVER);
    await sink.write(messages('d'), NEVER);
    assert.ok(sink.ended);
    assert.equal(sink.failure !== undefined, cause === 'end-failed');
    assert.equal(failures.length, cause === 'end-failed' ? 1 : 0);
    assert.deepEqual(counts(sink), { in: 4, out: 0, [cause]: 4 });
    assert.deepEqual(underWay(sink.account()).packets, 0);
  });

test('several divide the flows among them: each message goes to one', async () => {
  const callIds = Array.from({ length: 60 }, (_, index) => `call-${index}`);
  const outlets = [0, 1, 2].map(() => {
    const outlet = new HeldOutlet();
    outlet.open();
    return outlet;
  });
  const sinks = outlets.map((outlet, index) => reporter(outlet, { share: { index, of: 3 } }));
  const batch = messages(...callIds);
  for (const sink of sinks) await sink.write(batch, NEVER);
  const each = outlets.map(({ taken }) => taken.join('').split(';').filter(Boolean));
  assert.deepEqual(each.flat().sort(), callIds.sort());
  assert.ok(each.every(({ length }) => length > 5));
});

test('the end of a file waits five minutes for an outlet that takes nothing, a stop only as long as it is told', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const stop = new AbortController();
  for (const [waitsMs, giveUp] of [
    [299_000, stop.signal],
    [600_000, NEVER],
  ] as const) {
    const outlet = new SilentOutlet();
    const sink = reporter(outlet, { whenSlow: { dropBeyondBytes: 100 } });
    await sink.write(messages('a'), giveUp);
    const flushed = sink.flush(giveUp);
    t.mock.timers.tick(waitsMs);
    await turn();
    assert.equal(outlet.gaveUp, giveUp === NEVER);
    stop.abort();
    await flushed;
    assert.ok(outlet.gaveUp);
  }
});
