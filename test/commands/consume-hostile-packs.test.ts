import assert from 'node:assert/strict';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import fc from 'fast-check';

import { UnusablePackets } from '#kcap/pcap/capture-decoder.js';
import { CaptureFileDecoder } from '#kcap/pcap/capture-file-decoder.js';

import { packetsIn } from '../packet/packets.js';
import { damaged } from '../support/captures/damage.js';
import { readPcapng } from '../support/captures/pcapng-read.js';
import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { pcapFile, type PcapPacket } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic, sendMessages, type TestMessage } from '../support/topic.js';

/** Packed messages with something wrong, the same in each run. */
const PACKS = 10_000;
const SEED = 20_261_128;

test(`${PACKS} hostile packs`, { concurrency: true }, async (t) => {
  const messages = hostilePacks();
  const topic = await freshTopic(t);
  await sendMessages(topic, messages);
  const consuming = (t: TestContext, ...more: string[]): KcapRun =>
    kcap(t, ['-c', '-k', testBrokers(), '-t', topic, '-o', 'begin', '-e', ...more]);
  const expected = messages.map(expectedOf);
  const packets = expected.flatMap((pack) => pack.packets);
  const broken = expected.filter(({ isBroken }) => isBroken).length;

  const exactly = t.test('give the packets that are whole, and the rest is counted', async (t) => {
    const file = path.join(await tempFolder(t), 'out.pcapng');
    const run = consuming(t, '-F', 'pcapng', '-w', file);
    assert.equal((await run.exit).status, 1, 'some are cut off');
    const { packets_in, packets_out, packets_skipped } = run.summary();
    assert.equal(packets_out, packets.length);
    assert.equal(packets_in, packets_out + packets_skipped);
    const summary = run.summary() as unknown as {
      skipped_by_cause: Readonly<Record<string, number>>;
      bad_headers: number;
    };
    assert.deepEqual(summary.skipped_by_cause, { unusable: broken });
    assert.equal(summary.bad_headers, expected.filter(({ isMiscounted }) => isMiscounted).length);
    const written = await readPcapng(file);
    assert.deepEqual(
      written.map(({ seconds, fraction, frame, originalLength, linkType, precision }) => {
        return { seconds, fraction, frame, originalLength, linkType, precision };
      }),
      packets,
    );
  });
  const harmlessly = [
    [],
    ['-F', 'nsecpcap'],
    ['-f', 'ip or ip6 or arp'],
    ['--values', 'pcap', '--order', 'arrival'],
    ['-y', 'RAW', '-m', '2000', '-s', '20'],
  ].map((options) =>
    t.test(`do no harm to ${['-c', ...options].join(' ')}: the counters add up`, async (t) => {
      const run = consuming(t, ...options);
      const { status } = await run.exit;
      assert.ok(status === 0 || status === 1, `status ${status}`);
      const { packets_in, packets_out, packets_filtered, packets_skipped } = run.summary();
      assert.equal(packets_in, packets_out + packets_filtered + packets_skipped);
      if (!options.includes('-m')) assert.equal(packets_in, packets.length + broken);
      assert.doesNotMatch(run.stderr, /\n\s+at /, 'no stack');
    }),
  );
  await Promise.all([exactly, ...harmlessly]);
});

function hostilePacks(): TestMessage[] {
  const packets = Array.from({ length: 5 }, (_, index): PcapPacket => {
    const frame = Buffer.alloc(14 + 7 * index, index);
    return { seconds: 1_700_000_000 + index, fraction: index, frame, originalLength: 100 };
  });
  const inner = pcapFile({ packets: packets.slice(0, 2) });
  const packs = [
    pcapFile({ packets }),
    pcapFile({ packets, precision: 'nano', linkType: 113 }),
    pcapFile({ packets, byteOrder: 'big' }),
    pcapFile({ packets: [] }),
    // A pack in a pack is a frame as any other.
    pcapFile({ packets: [{ seconds: 1, fraction: 2, frame: inner }] }),
  ];
  const count = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('0', '1', '5') },
    { weight: 1, arbitrary: fc.constantFrom('4294967295', '6') },
  );
  return fc
    .sample(fc.tuple(damaged(packs), count), { seed: SEED, numRuns: PACKS })
    .map(([value, claimed]) => ({
      key: Buffer.alloc(8),
      value,
      headers: [['pcap-packed', claimed]],
    }));
}

interface Pack {
  readonly packets: readonly (Required<PcapPacket> & {
    readonly linkType: number;
    readonly precision: 'micro' | 'nano';
  })[];
  /** Something of it is no packet. */
  readonly isBroken: boolean;
  /** It holds another number of packets than its header says. */
  readonly isMiscounted: boolean;
}

/** What a message holds, as kcap's reader of files sees it: code that the reader of messages does not share. */
function expectedOf({ value, headers = [] }: TestMessage): Pack {
  const decoder = new CaptureFileDecoder(new UnusablePackets());
  const packets: Pack['packets'][number][] = [];
  let rest = Buffer.from(value ?? []);
  let isBroken = false;
  for (;;) {
    const { batch, consumed, problem } = decoder.decode(rest);
    const perSecond = batch?.link.precision === 'nano' ? 1_000_000_000 : 1_000_000;
    for (const { seconds, fraction, ...packet } of batch ? packetsIn(batch.bytes) : [])
      packets.push({
        ...packet,
        seconds: seconds + Math.floor(fraction / perSecond),
        fraction: fraction % perSecond,
        linkType: batch?.link.linkType ?? 1,
        precision: batch?.link.precision ?? 'micro',
      });
    rest = rest.subarray(consumed);
    isBroken ||= problem !== undefined;
    if (isBroken || consumed === 0) break;
  }
  const [[, claimed] = ['', '0']] = headers;
  isBroken ||= decoder.problemAtEnd(rest.length) !== undefined;
  return {
    packets,
    isBroken: isBroken || packets.length === 0,
    isMiscounted: Number(claimed) !== packets.length,
  };
}
