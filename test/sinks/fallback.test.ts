import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import { underWay, type Account, type Tally } from '#kcap/pipeline/account.js';
import { MessageBatch } from '#kcap/protocols/message-batch.js';
import { SipMessage } from '#kcap/protocols/sip/sip-message.js';
import { EncodedReporter } from '#kcap/sinks/encoded-reporter.js';
import { FallbackReporter, FallbackReporterTarget, FallbackSink } from '#kcap/sinks/fallback.js';
import { InTime } from '#kcap/sinks/in-time.js';
import type { Chunk, Outlet } from '#kcap/sinks/outlet.js';
import { PcapSink } from '#kcap/sinks/pcap.js';
import type { Reporter } from '#kcap/sinks/reporter.js';
import { SpoolingReporter } from '#kcap/sinks/spooling-reporter.js';
import { SpoolFolder } from '#kcap/spool/spool-folder.js';
import { Spool } from '#kcap/spool/spool.js';

import { keptLog } from '../kafka/log.js';
import { batchOf, numbered } from '../packet/packets.js';
import { accountWith } from '../pipeline/ends.js';
import { HandWrittenSink } from '../pipeline/hand-written.js';
import { passageOf } from '../protocols/passages.js';
import { sipRequest } from '../support/sip-packets.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { KeptOutput } from '#support/files/kept-output.js';

const NEVER = new AbortController().signal;
const LIMIT = { limitMs: 10_000 };
/** Soon over, and long enough for what is taken at once. */
const PATIENCE_MS = 100;

/** Takes nothing while it is away. */
class AwayOutlet implements Outlet {
  readonly taken: string[] = [];
  #isAway: boolean;
  #back: () => void = () => undefined;

  constructor({ isAway }: { readonly isAway: boolean }) {
    this.#isAway = isAway;
  }

  async send({ bytes, ends }: Chunk, tally: Tally, giveUp: AbortSignal): Promise<void> {
    if (this.#isAway && !giveUp.aborted)
      await new Promise<void>((resolve) => {
        this.#back = resolve;
        giveUp.addEventListener('abort', () => {
          resolve();
        });
      });
    if (giveUp.aborted) {
      tally.settle(AWAY, { packets: ends.length, bytes: bytes.length });
      return;
    }
    this.taken.push(...bytes.toString().split(';').slice(0, -1));
    tally.pass({ packets: ends.length, bytes: bytes.length });
  }

  back(): void {
    this.#isAway = false;
    this.#back();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const AWAY = { id: 'away', fate: 'failed', loss: true, text: 'away' } as const;

function reporterTo(outlet: Outlet, name: string, dropBeyondBytes = 1e6): EncodedReporter {
  return new EncodedReporter({
    ...{ name, outlet, whenSlow: { dropBeyondBytes } },
    encoder: {
      encode: (out, message) => {
        out.piece(`${message.text(message.callId)};`);
        return true;
      },
    },
  });
}

function messages(...callIds: readonly string[]): MessageBatch {
  const batch = new MessageBatch();
  const message = new SipMessage();
  for (const callId of callIds) {
    const bytes = sipRequest('BYE', callId);
    message.readDatagram(bytes, 0, bytes.length);
    batch.append(message, passageOf('192.0.2.1', '192.0.2.2'));
  }
  return batch;
}

function counts({ in: taken, out, outcomes }: Account): Record<string, number> {
  const ended = [...outcomes].map(([id, { packets }]) => [id, packets] as const);
  return { in: taken.packets, out: out.packets, ...Object.fromEntries(ended) };
}

/** Writes messages, one a batch, until the condition holds; how many. */
async function writeUntil(
  reporter: Reporter,
  condition: () => boolean,
  first = 0,
): Promise<number> {
  let written = first;
  await waitFor(
    async () => {
      if (condition()) return true;
      await reporter.write(messages(`m${written++}`), NEVER);
      return false;
    },
    { ...LIMIT, what: 'a condition' },
  );
  return written;
}

const numbers = (count: number, first = 0) =>
  Array.from({ length: count }, (_, index) => `m${first + index}`);

describe('whether an end takes in time what it is given', () => {
  test('is asked of what settles while something is under way', () => {
    let now = 0;
    let account = accountWith({ taken: 0 });
    const inTime = new InTime({ account: () => account }, 1000, () => now);
    now = 5000;
    assert.ok(inTime.takes(), 'nothing is under way');
    account = accountWith({ taken: 10 });
    now = 5999;
    assert.ok(inTime.takes());
    now = 6000;
    assert.ok(!inTime.takes(), 'nothing has settled');
    account = accountWith({ taken: 10, out: 1 });
    assert.ok(inTime.takes());
    account = accountWith({ taken: 30_000, failed: 1, out: 1 });
    now = 6100;
    assert.ok(inTime.takes(), 'failing is settling, too');
    now = 7100;
    assert.ok(!inTime.takes(), 'much is under way');
  });
});

describe('a fallback', () => {
  test('gets what the first can’t take in time, and nothing else; the accounts add up', async () => {
    const away = new AwayOutlet({ isAway: true });
    const present = new AwayOutlet({ isAway: false });
    const first = reporterTo(away, 'first');
    const other = reporterTo(present, 'other');
    const { log, records } = keptLog();
    const names = { first: 'first', other: 'other' };
    const reporter = new FallbackReporter(first, other, { names, patienceMs: PATIENCE_MS, log });
    const target = new FallbackReporterTarget(other);
    await target.write();
    const written = await writeUntil(reporter, () => present.taken.length === 3);
    assert.deepEqual(present.taken, numbers(3, written - 3));
    assert.match(JSON.stringify(records), /first takes nothing in time: other gets what comes/);

    away.back();
    await waitFor(() => away.taken.length === written - 3, { ...LIMIT, what: 'what waited' });
    await reporter.write(messages('later'), NEVER);
    await reporter.flush(NEVER);
    await target.flush(NEVER);
    assert.deepEqual(away.taken, [...numbers(written - 3), 'later']);
    assert.deepEqual(counts(reporter.account()), {
      ...{ in: written + 1, out: written - 2, fallback: 3 },
    });
    assert.deepEqual(counts(target.account()), { in: 3, out: 3 });
  });

  test('gets what does not fit into the first’s queue', async () => {
    const first = reporterTo(new AwayOutlet({ isAway: true }), 'first', 20);
    const present = new AwayOutlet({ isAway: false });
    const other = reporterTo(present, 'other');
    const options = { names: { first: 'a', other: 'b' }, patienceMs: 60_000, log: keptLog().log };
    const reporter = new FallbackReporter(first, other, options);
    for (const call of numbers(10)) await reporter.write(messages(call), NEVER);
    const { in: taken, fallback = 0, out } = counts(reporter.account());
    assert.deepEqual([taken, out, underWay(reporter.account()).packets], [10, 0, 10 - fallback]);
    assert.deepEqual(present.taken, numbers(fallback, 10 - fallback));
    assert.ok(fallback > 3);
  });

  test('of packets gets the rest of the batch that the first has failed with', async () => {
    const failing = new HandWrittenSink([]);
    failing.write = () => Promise.reject(new Error('broken'));
    const other = new HandWrittenSink([]);
    const options = { names: { first: 'a', other: 'b' }, patienceMs: 1000, log: keptLog().log };
    const sink = new FallbackSink(failing, other, options);
    await sink.write(batchOf(numbered(5)), NEVER);
    await sink.write(batchOf(numbered(2)), NEVER);
    await sink.flush(NEVER);
    assert.deepEqual(counts(sink.account()), { in: 7, out: 0, fallback: 7 });
    assert.equal(other.account().out.packets, 7);
  });

  test('of packets writes to none that others look at, too', async () => {
    const failing = new HandWrittenSink([]);
    failing.write = () => Promise.reject(new Error('broken'));
    const rounding = new PcapSink(new KeptOutput(), 'micro');
    const options = { names: { first: 'a', other: 'b' }, patienceMs: 1000, log: keptLog().log };
    const sink = new FallbackSink(failing, rounding, options);
    const batch = batchOf(numbered(5), { precision: 'nano' });
    const before = Buffer.from(batch.bytes);
    await sink.write({ ...batch, shared: true }, NEVER);
    assert.deepEqual(batch.bytes, before);
  });
});

describe('a reporter with a spool', () => {
  async function spoolIn(t: TestContext, folder: string, limitBytes = 1e6) {
    const spool = await Spool.open(
      await SpoolFolder.open(folder, 'hep'),
      { limitBytes, keepsInterface: false },
      keptLog().log,
    );
    t.after(() => spool.close());
    return spool;
  }

  test('keeps on disk what can’t be taken, and sends it in order before anything newer', async (t) => {
    const outlet = new AwayOutlet({ isAway: true });
    const spool = await spoolIn(t, await tempFolder(t));
    const options = { patienceMs: PATIENCE_MS, log: keptLog().log };
    const reporter = new SpoolingReporter(reporterTo(outlet, 'hep'), spool, options);
    t.after(() => reporter.close());
    const written = await writeUntil(reporter, () => spool.waiting >= 5);
    assert.equal(counts(reporter.account())['spooled'], spool.waiting);
    assert.equal(counts(reporter.account())['in'], written);
    outlet.back();
    await waitFor(() => !spool.hasFiles, { ...LIMIT, what: 'an empty spool' });
    await reporter.write(messages('later'), NEVER);
    await reporter.flush(NEVER);
    assert.deepEqual(outlet.taken, [...numbers(written), 'later']);
    assert.deepEqual(counts(reporter.account()), { in: written + 1, out: written + 1 });
  });

  test('leaves what is there at the end to the next run', async (t) => {
    const folder = await tempFolder(t);
    const options = { patienceMs: PATIENCE_MS, log: keptLog().log };
    const away = reporterTo(new AwayOutlet({ isAway: true }), 'hep');
    const first = new SpoolingReporter(away, await spoolIn(t, folder), options);
    const written = await writeUntil(first, () => (counts(first.account())['spooled'] ?? 0) >= 5);
    await first.flush(AbortSignal.abort());
    const { spooled = 0, away: failed = 0 } = counts(first.account());
    assert.equal(spooled + failed, written);
    assert.equal(underWay(first.account()).packets, 0);
    await first.close();

    const outlet = new AwayOutlet({ isAway: false });
    const next = new SpoolingReporter(reporterTo(outlet, 'hep'), await spoolIn(t, folder), options);
    await waitFor(() => outlet.taken.length === spooled, { ...LIMIT, what: 'the spool' });
    await next.flush(NEVER);
    assert.deepEqual(outlet.taken, numbers(spooled, written - spooled));
    assert.deepEqual(counts(next.account()), { in: spooled, out: spooled });
    await next.close();
  });

  test('counts what finds no room', async (t) => {
    const outlet = new AwayOutlet({ isAway: true });
    const spool = await spoolIn(t, await tempFolder(t), 1000);
    const options = { patienceMs: PATIENCE_MS, log: keptLog().log };
    const reporter = new SpoolingReporter(reporterTo(outlet, 'hep'), spool, options);
    t.after(() => reporter.close());
    const written = await writeUntil(
      reporter,
      () => (counts(reporter.account())['no-room-in-spool'] ?? 0) >= 2,
    );
    const { in: taken, spooled = 0 } = counts(reporter.account());
    assert.equal(taken, written);
    assert.ok(spooled >= 1);
    await reporter.flush(AbortSignal.abort());
    assert.equal(underWay(reporter.account()).packets, 0);
  });
});
