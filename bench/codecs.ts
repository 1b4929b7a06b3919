import { addon } from '#kcap/addon/addon.js';
import { PacketCursor } from '#kcap/decode/cursor.js';
import { decodeToTransport } from '#kcap/decode/decode-layer.js';
import { compileSipFilter } from '#kcap/language/sip-filter.js';
import { PayloadType } from '#kcap/protocols/hep/chunk.js';
import { HepWriter } from '#kcap/protocols/hep/hep-writer.js';
import { JsonBytes } from '#kcap/protocols/json-bytes.js';
import { MessageBatch } from '#kcap/protocols/message-batch.js';
import { Passage } from '#kcap/protocols/passage.js';
import { MqttEnvelopeWriter } from '#kcap/protocols/report/mqtt-envelope.js';
import { SipRecords } from '#kcap/reports/sip-record.js';
import { SipMessage, Verdict } from '#kcap/protocols/sip/sip-message.js';
import { SipStream } from '#kcap/protocols/sip/sip-stream.js';
import { SipReader } from '#kcap/sinks/sip-reader.js';
import { pcapFile } from '#support/pcap-file.js';
import { packetsOf, udpFrame } from '#support/sip-packets.js';
import { callMessages } from './rig/calls.js';

/**
 * `node dist-bench/codecs.js`: what SIP costs on one core, from memory, in processor time: the messages of calls, of 500
 * bytes each on average, in a Buffer as large as a batch.
 */

const MESSAGES = 2000;
const ROUNDS = 5;
const TURNS = 100;

const messages = Array.from({ length: MESSAGES / 7 }, (_, index) => callMessages(index)).flat();
const bytes = Buffer.concat(messages);
const ends: number[] = [];
for (const { length } of messages) ends.push((ends.at(-1) ?? 0) + length);

const sip = new SipMessage(addon.lineEnds);
const json = new JsonBytes();
const passage = new Passage();
passage.addresses = Buffer.from([192, 0, 2, 1, 192, 0, 2, 2]);
passage.destinationAt = 4;
passage.seconds = 1_700_000_000;
passage.microseconds = 123_456;
passage.sourcePort = passage.destinationPort = 5060;

/** Reads all messages, and does this with each; how many it was true of. */
function eachMessage(use: () => boolean): number {
  let count = 0;
  let start = 0;
  sip.expectIn(bytes);
  for (const end of ends) {
    if (sip.readDatagram(bytes, start, end) === Verdict.Sip && use()) count++;
    start = end;
  }
  return count;
}

function eachStreamed(): number {
  const stream = new SipStream();
  let count = 0;
  for (let at = 0; at < bytes.length; at += 1448) {
    stream.push(bytes, at, Math.min(at + 1448, bytes.length));
    while (stream.next(sip)) count++;
  }
  return count;
}

/** Reads of each message what the filter needs, and of those that it wants all fields; how many it wants. */
async function filtering(text: string): Promise<() => number> {
  const filter = await compileSipFilter(text);
  return () => {
    let count = 0;
    let start = 0;
    sip.expectIn(bytes);
    for (const end of ends) {
      if (sip.beginDatagram(bytes, start, end) === Verdict.Sip)
        if (filter(sip, passage) && sip.readHeaders()) count++;
      start = end;
    }
    return count;
  };
}

const FILE_HEADER_BYTES = 24;
const frames = pcapFile({ packets: packetsOf(messages.map((each) => udpFrame(each))) });
const packets = {
  bytes: frames.subarray(FILE_HEADER_BYTES),
  count: messages.length,
  link: { linkType: 1, precision: 'micro', snapLength: 0 },
} as const;
const cursor = new PacketCursor();

/** Decodes all packets as far as their ports and payloads; how many have some. */
function eachDecoded(): number {
  let count = 0;
  cursor.begin(packets);
  while (cursor.next()) if (decodeToTransport(cursor)) count++;
  return count;
}

/** Finds the messages in all packets, as a live run does; how many a filter wants. */
async function reading(text: string): Promise<() => number> {
  const reader = new SipReader({ filters: [await compileSipFilter(text)], reassembles: true });
  const wanted = new MessageBatch();
  return () => {
    wanted.clear();
    reader.read(packets, wanted);
    return wanted.count;
  };
}

const reporter = { taskId: 'sip', agentId: 'edge-1', pipelineId: 0 };
const lines = new SipRecords(reporter, 'lines');
const kafkaMessages = new SipRecords(reporter, 'kafka');
const envelopes = new MqttEnvelopeWriter('1.0.0');
const hep = new HepWriter({ version: 3, captureId: 2001 });

const recordEnds = new Int32Array(MESSAGES);

/** All messages as records, written at once. */
function eachRecorded(records: SipRecords): number {
  const count = eachMessage(() => {
    records.add(sip, passage);
    return true;
  });
  json.clear();
  records.writeAll(json, recordEnds);
  return count;
}

const CASES: readonly [what: string, run: () => number][] = [
  ['Ethernet, IPv4 and UDP alone', eachDecoded],
  ['fields', () => eachMessage(() => true)],
  ['fields, and a filter on the method', await filtering('(method invite bye)')],
  [
    'fields, and a filter on method and From',
    await filtering('(all (method invite) (from "sip:carol@"))'),
  ],
  [
    'packets, fields, and a filter on method and From',
    await reading('(all (method invite) (from "sip:carol@"))'),
  ],
  ['fields, and a filter on all From', await filtering('(from "sip:alice@atlanta")')],
  ['fields, and a regular expression on From', await filtering('(from "sip:a.*@at.*com")')],
  ['fields, of a stream in segments of 1448 bytes', eachStreamed],
  [
    'fields, and HEP3',
    () =>
      eachMessage(
        () =>
          hep.write(
            passage,
            PayloadType.Sip,
            { bytes, start: sip.start, end: sip.end },
            { bytes, start: sip.callId.start, end: sip.callId.end },
          ) > 0,
      ),
  ],
  ['fields, and the JSON record', () => eachRecorded(lines)],
  ['fields, and the Kafka message', () => eachRecorded(kafkaMessages)],
  [
    'fields, and the MQTT envelope',
    () =>
      eachMessage(() => {
        json.clear();
        envelopes.write(json, sip, passage);
        return true;
      }),
  ],
];

console.log(
  `${messages.length} messages, ${(bytes.length / messages.length).toFixed(0)} bytes each`,
);
for (const [what, run] of CASES) {
  let best = Infinity;
  let count = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let turn = 0; turn < TURNS; turn++) count = run();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / TURNS / messages.length);
  }
  const rate = (1 / best).toFixed(2);
  console.log(`${what.padEnd(48)} ${best.toFixed(3)} µs  ${rate} M/s  (${count} taken)`);
}
