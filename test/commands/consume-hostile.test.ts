import assert from 'node:assert/strict';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import fc from 'fast-check';

import { readPcapng } from '../support/captures/pcapng-read.js';
import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { waitFor } from '../support/wait-for.js';
import { freshTopic, sendMessages, type TestMessage } from '../support/topic.js';

/** Messages of all shapes, the same in each run, and what docs/wire-format.md makes of them. */
const MESSAGES = 10_000;
const SEED = 20_260_101;
/** Whatever the messages hold, a summary has no more causes than somebody can read. */
const MOST_CAUSES = 20;

test(`${MESSAGES} hostile messages`, { concurrency: true }, async (t) => {
  const messages = hostileMessages();
  const topic = await freshTopic(t, {
    // Kafka itself would refuse the future.
    config: { 'message.timestamp.after.max.ms': String(Number.MAX_SAFE_INTEGER) },
  });
  await sendMessages(topic, messages);
  const consuming = (t: TestContext, ...more: string[]): KcapRun =>
    kcap(t, ['--consumer', '-k', testBrokers(), '-t', topic, '-e', ...more]);

  const exactly = t.test('become the packets that they hold, each in one counter', async (t) => {
    const file = path.join(await tempFolder(t), 'out.pcapng');
    const run = consuming(t, '-o', 'begin', '-F', 'pcapng', '-w', file);
    assert.equal((await run.exit).status, 1, 'some hold times that no file can');
    const expected = messages.map(expectedOf);
    const packets = expected.flatMap(({ packet }) => packet ?? []);
    assert.deepEqual(await readPcapng(file), packets);
    const count = (what: 'nullValue' | 'outOfRange' | 'timeFromKafka') =>
      expected.filter((outcome) => outcome[what]).length;
    const summary = run.summary();
    assert.equal(summary.packets_in, MESSAGES);
    assert.equal(summary.packets_out, packets.length);
    assert.equal(summary.packets_skipped, count('nullValue') + count('outOfRange'));
    assert.equal(summary.time_from_kafka, count('timeFromKafka'));
    assert.equal(
      (summary as unknown as { bad_headers: number }).bad_headers,
      expected.reduce((sum, { badHeaders }) => sum + badHeaders, 0),
    );
  });
  const harmlessly = [
    [],
    ['-F', 'nsecpcap'],
    ['-pp', '1'],
    ['-f', 'ip or ip6 or arp'],
    ['--key-unit', 'ns', '--from', '1970-01-02'],
    ['--key-unit', 'ms', '--order', 'time'],
    ['-y', 'RAW', '-m', '2000'],
  ].map((options) =>
    t.test(`do no harm to ${['-c', ...options].join(' ')}: the counters add up`, async (t) => {
      const from = options.includes('--from') ? [] : ['-o', 'begin'];
      const run = consuming(t, ...from, ...options);
      const { status } = await run.exit;
      assert.ok(status === 0 || status === 1, `status ${status}`);
      const { packets_in, packets_out, packets_filtered, packets_skipped } = run.summary();
      assert.equal(packets_in, packets_out + packets_filtered + packets_skipped);
      assert.ok(options.includes('-m') ? packets_in < MESSAGES : packets_in === MESSAGES);
      assert.doesNotMatch(run.stderr, /\n\s+at /, 'no stack');
      const summary = run.records.find(({ event }) => event === 'summary');
      const causes = Object.keys(summary?.['skipped_by_cause'] ?? {});
      assert.ok(causes.length <= MOST_CAUSES, causes.join('; '));
    }),
  );
  await Promise.all([exactly, ...harmlessly]);
});

test('link types that a long filter is compiled for do not hold up a signal', async (t) => {
  const topic = await freshTopic(t);
  const key = Buffer.alloc(8);
  const value = Buffer.alloc(60);
  const others = Array.from({ length: 300 }, (_, linkType): TestMessage => {
    return { key, value, headers: [['pcap-linktype', String(linkType)]] };
  });
  await sendMessages(topic, [{ key, value }, ...others]);
  const hosts = Array.from({ length: 150 }, (_, host) => `host 10.0.0.${host}`);
  const filter = `less 60 or ${hosts.join(' or ')}`;
  const run = kcap(t, ['-c', '-k', testBrokers(), '-t', topic, '-o', 'begin', '-f', filter]);
  // The first packet has come through the filter, and the next ones need others.
  await waitFor(() => run.stdout.length > 24, { limitMs: 30_000, what: 'the first packet' });
  run.signal('SIGINT');
  const asked = performance.now();
  const { status } = await run.exit;
  assert.ok(status === 0 || status === 1, `status ${status}`);
  assert.ok(performance.now() - asked < 5000);
  const { packets_in, packets_out, packets_filtered, packets_skipped } = run.summary();
  assert.ok(packets_in < 301, 'all are through');
  assert.equal(packets_in, packets_out + packets_filtered + packets_skipped);
});

function hostileMessages(): TestMessage[] {
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((all) => Buffer.from(all));
  const plausibleKey = fc.bigInt({ min: 0n, max: 2n ** 53n }).map((time) => {
    const key = Buffer.alloc(8);
    key.writeBigUInt64BE(time);
    return key;
  });
  const anyKey = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((all) => Buffer.from(all));
  const name = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...NUMBER_LIMITS.keys(), ...NAMES, 'pcap-', 'site') },
    { weight: 1, arbitrary: headerText },
  );
  const headerValue = fc.oneof(
    fc.nat({ max: 999 }).map(String),
    fc.bigInt({ min: -10n, max: 2n ** 65n }).map(String),
    fc.constantFrom('', '0x10', '1e3', ' 1', '007', '65535', '65536', '4294967295', '4294967296'),
    headerText,
  );
  return fc.sample(
    fc.record({
      key: fc.oneof(plausibleKey, anyKey, bytes(20), fc.constant(null)),
      value: fc.oneof(
        { weight: 20, arbitrary: bytes(200) },
        { weight: 1, arbitrary: fc.constant(null) },
        {
          weight: 1,
          arbitrary: fc.nat({ max: 70_000 }).map((length) => Buffer.alloc(length, 0x45)),
        },
      ),
      timestamp: fc
        .oneof(fc.nat({ max: 2 ** 31 - 2 }), fc.nat({ max: 10 ** 6 }))
        .chain((more) =>
          fc.constantFrom(1 + more, 1_700_000_000_000 + more, 5_000_000_000_000 + more),
        ),
      headers: fc.array(fc.tuple(name, headerValue), { maxLength: 5 }),
    }),
    { seed: SEED, numRuns: MESSAGES },
  );
}

/** node-rdkafka, which sends them, ends a text at its first NUL. */
const headerText = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((text) => !text.includes('\0'));

/** The greatest value of each header that is a number. */
const NUMBER_LIMITS = new Map([
  ['pcap-linktype', 65_535n],
  ['pcap-origlen', 0xffff_ffffn],
  ['pcap-nanos', 999n],
]);
const NAMES = ['pcap-interface', 'pcap-host'];

interface Outcome {
  readonly nullValue: boolean;
  readonly outOfRange: boolean;
  readonly timeFromKafka: boolean;
  readonly badHeaders: number;
  readonly packet: Awaited<ReturnType<typeof readPcapng>>[number] | undefined;
}

/** What a message holds, in other words than kcap's. */
function expectedOf({ key, value, timestamp = 0, headers = [] }: TestMessage): Outcome {
  const isBad = ([name, text]: readonly [string, string]): boolean => {
    const limit = NUMBER_LIMITS.get(name);
    if (limit !== undefined) {
      const least = name === 'pcap-origlen' ? BigInt(value?.length ?? 0) : 0n;
      return !/^\d+$/.test(text) || BigInt(text) > limit || BigInt(text) < least;
    }
    return NAMES.includes(name) && text === '';
  };
  const bad = headers.filter(isBad);
  const good = new Map(headers.filter((header) => !isBad(header)));
  const nanos = good.get('pcap-nanos');

  const keyed = Buffer.isBuffer(key) && key.length === 8;
  const us = keyed ? key.readBigUInt64BE() : BigInt(timestamp) * 1000n;
  const seconds = us / 1_000_000n;
  const nullValue = value === null;
  const outOfRange = !nullValue && seconds > 0xffff_ffffn;
  const micro = Number(us % 1_000_000n);
  return {
    nullValue,
    outOfRange,
    timeFromKafka: !nullValue && !outOfRange && !keyed,
    badHeaders: bad.length,
    packet:
      nullValue || outOfRange
        ? undefined
        : {
            seconds: Number(seconds),
            fraction: nanos === undefined ? micro : micro * 1000 + Number(nanos),
            frame: value,
            originalLength: Number(good.get('pcap-origlen') ?? value.length),
            linkType: Number(good.get('pcap-linktype') ?? 1),
            precision: nanos === undefined ? 'micro' : 'nano',
            interface: good.get('pcap-interface'),
          },
  };
}
