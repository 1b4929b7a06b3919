import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { corpus } from '../support/captures/corpus.js';
import type { Capture, CapturedPacket } from '../support/captures/capture.js';
import { kcap } from '../support/kcap.js';
import { readPcapng } from '../support/captures/pcapng-read.js';
import type { KcapRun } from '../support/kcap-run.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { testBrokers } from '../support/test-brokers.js';
import { freshTopic } from '../support/topic.js';

/** Sends the captures in one run and reads the topic into a pcapng file. */
async function throughKafka(
  t: TestContext,
  captures: readonly Capture[],
): Promise<{ originals: string[]; result: string; sending: KcapRun }> {
  const topic = await freshTopic(t);
  const folder = await tempFolder(t);
  const originals = captures.map(({ name }) => path.join(folder, name));
  for (const [index, { bytes }] of captures.entries())
    await writeFile(originals[index] ?? '', bytes);
  const common = ['-k', testBrokers(), '-t', topic];
  const files = originals.flatMap((file) => ['-r', file]);
  const sending = kcap(t, ['-p', ...common, ...files, '--identify']);
  await sending.exit;
  const result = path.join(folder, 'result.pcapng');
  const reading = kcap(t, ['-c', ...common, '-o', 'begin', '-e', '-F', 'pcapng', '-w', result]);
  assert.equal((await reading.exit).status, 0, reading.stderr);
  return { originals, result, sending };
}

test('every packet of the corpus comes back as it was, the damaged files’ too', async (t) => {
  const captures = corpus();
  const { result, sending } = await throughKafka(t, captures);
  const expected = captures.flatMap(({ packets }) => packets);
  const found = await readPcapng(result);
  assert.equal(found.length, expected.length);
  for (const [index, packet] of found.entries())
    assert.deepEqual(packet, comparable(expected[index]), `packet ${index}`);
  const lost: Record<string, number> = {};
  for (const { unusable = {} } of captures)
    for (const [cause, count] of Object.entries(unusable)) lost[cause] = (lost[cause] ?? 0) + count;
  const summary = sending.records.find(({ event }) => event === 'summary');
  const causes = summary?.['causes'] as Record<string, string>;
  const skipped = summary?.['skipped_by_cause'] as Record<string, number>;
  const counted = Object.entries(skipped).map(([id, count]) => [causes[id], count] as const);
  assert.deepEqual(Object.fromEntries(counted), lost);
});

/**
 * A fraction of more than a second is carried over, since Kafka's key is one number; an original length shorter than
 * what was captured is not believed.
 */
function comparable(packet: CapturedPacket | undefined): unknown {
  assert.ok(packet);
  const { seconds, fraction, precision, originalLength, interface: name, ...rest } = packet;
  const perSecond = precision === 'nano' ? 1e9 : 1e6;
  return {
    ...rest,
    precision,
    originalLength: Math.max(originalLength, rest.frame.length),
    seconds: seconds + Math.floor(fraction / perSecond),
    fraction: fraction % perSecond,
    interface: name,
  };
}

/** Resolutions finer than nanoseconds overflow in Wireshark 4.0: it shows other seconds than the file has. */
const TOO_FINE_FOR_WIRESHARK = ['picoseconds', 'power-of-two-127', 'power-of-ten-127'].map(
  (clock) => `pcapng-clock-${clock}`,
);

/**
 * Wireshark refuses files of link types that it does not know, shows no time whose fraction is past a second, and
 * believes any original length.
 */
function isForWireshark({
  linkType,
  fraction,
  precision,
  originalLength,
  frame,
}: CapturedPacket): boolean {
  return (
    linkType !== 65_535 &&
    fraction < (precision === 'nano' ? 1e9 : 1e6) &&
    originalLength >= frame.length
  );
}

test('tshark says the same of the originals and of the result', async (t) => {
  const whole = corpus().filter(
    ({ name, problem, unusable, packets }) =>
      !TOO_FINE_FOR_WIRESHARK.includes(name) &&
      problem === undefined &&
      unusable === undefined &&
      packets.length > 0 &&
      packets.every(isForWireshark),
  );
  assert.ok(whole.length > 40, 'the corpus has shrunk');
  const { originals, result } = await throughKafka(t, whole);
  const joined = path.join(path.dirname(result), 'originals.pcapng');
  await writeFile(joined, Buffer.concat(await Promise.all(originals.map(sections))));
  assert.deepEqual(await frames(result), await frames(joined));
});

const SECTION_HEADER = 0x0a0d0d0a;

/**
 * A file as sections of a pcapng file, which may follow each other: tshark starts once for all. mergecap stumbles over
 * files that have several already.
 */
async function sections(file: string): Promise<Buffer> {
  const bytes = await readFile(file);
  if (bytes.readUInt32BE() === SECTION_HEADER) return bytes;
  await runCommand('editcap', '-F', 'pcapng', file, `${file}.pcapng`);
  return readFile(`${file}.pcapng`);
}

// A file each, since capinfos speaks of files as wholes.
for (const name of [
  'pcap-big-endian-nano',
  'pcap-link-type-linux-sll',
  'pcap-nothing-captured',
  'pcapng-clock-power-of-two-32',
  'pcapng-several-interfaces',
])
  test(`capinfos says the same of ${name} and of what comes back`, async (t) => {
    const captures = corpus().filter((capture) => capture.name === name);
    const { originals, result } = await throughKafka(t, captures);
    assert.equal(originals.length, 1);
    assert.deepEqual(await figures(result), await figures(originals[0] ?? ''));
  });

/** Encapsulation, packets, bytes, duration, first and last time, mean length, and whether times are in order. */
async function figures(file: string): Promise<string[]> {
  const wanted = ['-E', '-c', '-d', '-u', '-a', '-e', '-z', '-o'];
  const table = await runCommand('capinfos', '-T', '-M', '-S', '-r', ...wanted, file);
  return table.trim().split('\t').slice(1);
}

/** Of each packet the bytes, the lengths, the time and the link type, as Wireshark reads them. */
async function frames(file: string): Promise<unknown[]> {
  const wanted = ['frame.len', 'frame.cap_len', 'frame.encap_type'] as const;
  const json = await runCommand(
    'tshark',
    '-r',
    file,
    '-T',
    'json',
    '-x',
    '-J',
    'frame',
    '--no-duplicate-keys',
  );
  const packets = JSON.parse(json) as {
    _source: { layers: { frame_raw: unknown; frame: Record<string, string> } };
  }[];
  // What has no link type is another kind of record, which Wireshark shows in the same list.
  const frames = packets.filter(({ _source }) => 'frame.encap_type' in _source.layers.frame);
  return frames.map(({ _source: { layers } }) => [
    layers.frame_raw,
    // A Simple Packet Block has no time, which is 0.
    layers.frame['frame.time_epoch'] ?? '0.000000000',
    ...wanted.map((name) => layers.frame[name]),
  ]);
}
