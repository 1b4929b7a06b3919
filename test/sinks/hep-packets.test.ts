import assert from 'node:assert/strict';
import { test } from 'node:test';

import { JsonBytes } from '#kcap/protocols/json-bytes.js';
import { MessageBatch } from '#kcap/protocols/message-batch.js';
import { SipMessage } from '#kcap/protocols/sip/sip-message.js';
import { HepPackets } from '#kcap/sinks/hep-packets.js';

import { passageOf } from '../protocols/passages.js';
import { BYE, INVITE, message, RINGING } from '../protocols/sip/messages.js';

const SETTINGS = {
  version: 3,
  captureId: 0x8001_0203,
  compresses: false,
  isDatagram: true,
} as const;
const NO_CALL_ID = message('OPTIONS sip:a@b SIP/2.0', ['CSeq: 1 OPTIONS', 'Call-ID:']);

function batchOf(...messages: readonly Buffer[]): MessageBatch {
  const batch = new MessageBatch();
  const sip = new SipMessage();
  const [lent] = messages;
  if (lent) batch.lend(lent);
  messages.forEach((bytes, index) => {
    sip.readDatagram(bytes, 0, bytes.length);
    const ends = { seconds: 4_000_000_000 + index, sourcePort: 65_535 - index, protocol: 6 };
    const passage =
      index % 2 === 0
        ? passageOf('192.0.2.1', '198.51.100.200', ends)
        : passageOf('2001:db8:0:0:0:0:0:1', '2001:db8:0:0:0:0:0:2', ends);
    batch.append(sip, passage);
  });
  return batch;
}

/** The packets of all messages, each of them encoded alone. */
function oneByOne(packets: HepPackets, batch: MessageBatch): string[] {
  const out = new JsonBytes();
  return Array.from({ length: batch.count }, (_, index) => {
    batch.go(index);
    out.clear();
    assert.ok(packets.encode(out, batch.message, batch.passage));
    return out.bytes.toString('latin1', 0, out.length);
  });
}

test('many messages become the packets that each of them becomes alone', () => {
  const batch = batchOf(INVITE, RINGING, BYE, NO_CALL_ID, NO_CALL_ID, INVITE);
  for (const more of [{}, { password: 'secret' }, { nodeName: 'node', password: 'x' }]) {
    const packets = new HepPackets({ ...SETTINGS, ...more });
    const out = new JsonBytes();
    const ends = new Int32Array(batch.count);
    assert.equal(packets.writeRows(out, batch, 0, ends), batch.count);
    const texts = [...ends].map((end, index) =>
      out.bytes.toString('latin1', ends[index - 1] ?? 0, end),
    );
    assert.deepEqual(texts, oneByOne(packets, batch));
    const some = new Int32Array(2);
    out.clear();
    assert.equal(packets.writeRows(out, batch, 3, some), 2);
    assert.equal(out.bytes.toString('latin1', 0, some[1]), texts.slice(3, 5).join(''));
  }
});

test('those that need a look of their own are left to whoever looks at each', () => {
  const long = message('MESSAGE sip:a@b SIP/2.0', ['CSeq: 1 MESSAGE'], 'x'.repeat(65_500));
  const batch = batchOf(INVITE, long, BYE);
  const packets = new HepPackets({ ...SETTINGS, compresses: true });
  const out = new JsonBytes();
  assert.equal(packets.writeRows(out, batch, 0, new Int32Array(3)), 1);
  assert.equal(packets.writeRows(out, batch, 1, new Int32Array(2)), 0);
  assert.equal(packets.writeRows(out, batch, 2, new Int32Array(1)), 1);
  const older = new HepPackets({ ...SETTINGS, version: 2 });
  assert.equal(older.writeRows(out, batch, 0, new Int32Array(3)), 0);
});
