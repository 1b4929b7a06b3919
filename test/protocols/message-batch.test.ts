import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MessageBatch } from '#kcap/protocols/message-batch.js';
import { SipMessage, Verdict } from '#kcap/protocols/sip/sip-message.js';

import { passageOf } from './passages.js';
import { BYE, INVITE, RINGING } from './sip/messages.js';

function textOfAll(message: SipMessage): unknown {
  const { isRequest, status, viaCount, contentLength, bytes, start, end } = message;
  const ranges = [
    ...[message.method, message.uri, message.reason, message.callId, message.from, message.to],
    ...[message.via, message.cseq, message.contentType, message.cseqMethod],
  ];
  return {
    ...{ isRequest, status, viaCount, contentLength },
    whole: bytes.toString('latin1', start, end),
    body: bytes.toString('latin1', message.bodyStart, end),
    headers: bytes.toString('latin1', message.headersStart, message.bodyStart),
    ranges: ranges.map((range) => (range.isPresent ? message.text(range) : undefined)),
  };
}

test('messages come out of a batch as they went in, wherever they lay', () => {
  const batch = new MessageBatch();
  const message = new SipMessage();
  const originals = [INVITE, RINGING, BYE];
  for (let round = 0; round < 2; round++) {
    batch.clear();
    const expected: unknown[] = [];
    // More than it has room for at first.
    for (let index = 0; index < 500; index++) {
      const original = originals[index % 3] ?? BYE;
      const padding = Buffer.alloc(index % 7, 0x20);
      const bytes = Buffer.concat([padding, original, padding]);
      const end = padding.length + original.length;
      assert.equal(message.readDatagram(bytes, padding.length, end), Verdict.Sip);
      const passage =
        index % 2 === 0
          ? passageOf('192.0.2.1', '198.51.100.200', { seconds: 4_000_000_000 + index })
          : passageOf('2001:db8:0:0:0:0:0:1', '2001:db8:0:0:0:0:0:2', { transport: 'ws' });
      batch.append(message, passage);
      expected.push([textOfAll(message), passageFields(passage)]);
      bytes.fill(0);
    }
    assert.equal(batch.count, 500);
    expected.forEach((fields, index) => {
      batch.go(index);
      assert.deepEqual([textOfAll(batch.message), passageFields(batch.passage)], fields);
    });
  }
});

function passageFields(passage: ReturnType<typeof passageOf>): unknown {
  const { addresses, sourceAt, destinationAt, addressBytes, ...fields } = passage;
  const { seconds, microseconds, ipVersion, protocol, sourcePort, destinationPort } = fields;
  return {
    ...{ seconds, microseconds, ipVersion, protocol, sourcePort, destinationPort },
    transport: fields.transport,
    source: addresses.toString('hex', sourceAt, sourceAt + passage.addressBytes),
    destination: addresses.toString('hex', destinationAt, destinationAt + passage.addressBytes),
    addressBytes,
  };
}

test('both directions of a flow have one number, and flows are spread evenly', () => {
  const batch = new MessageBatch();
  const message = new SipMessage();
  assert.equal(message.readDatagram(BYE, 0, BYE.length), Verdict.Sip);
  const shares = [0, 0, 0];
  for (let port = 10_000; port < 13_000; port++) {
    batch.clear();
    batch.append(message, passageOf('192.0.2.1', '192.0.2.9', { sourcePort: port }));
    batch.append(
      message,
      passageOf('192.0.2.9', '192.0.2.1', { sourcePort: 5080, destinationPort: port }),
    );
    assert.equal(batch.flowOf(0), batch.flowOf(1));
    assert.ok(batch.flowOf(0) >= 0);
    const share = batch.flowOf(0) % 3;
    shares[share] = (shares[share] ?? 0) + 1;
  }
  for (const share of shares) assert.ok(share > 850 && share < 1150, String(shares));
});
