import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ALL_TUNNELS, NO_TUNNELS, Tunnel, TUNNEL_NAMES } from '#kcap/decode/tunnel/tunnel.js';
import { PayloadType } from '#kcap/protocols/hep/chunk.js';
import { HepWriter } from '#kcap/protocols/hep/hep-writer.js';
import { MessageBatch } from '#kcap/protocols/message-batch.js';
import { SipReader } from '#kcap/sinks/sip-reader.js';

import { batchOf } from '../packet/packets.js';
import { passageOf } from '../protocols/passages.js';
import { ethernet, ipv4, udp } from '../support/frames.js';
import { packetsOf, sipRequest, udpFrame } from '../support/sip-packets.js';
import { TUNNELLED } from '../support/tunnels.js';

const INVITE = sipRequest('INVITE', 'a@b');
const PLAIN = ipv4(17, udp([5060, 5060], INVITE));

/** How many messages are found, and what became of the packet. */
function read(frame: Buffer, tunnels: number): [number, string] {
  const reader = new SipReader({ filters: [], reassembles: true, tunnels });
  const messages = new MessageBatch();
  reader.read(batchOf(packetsOf([frame])), messages);
  const { out, outcomes } = reader.account();
  return [messages.count, out.packets === 1 ? 'out' : ([...outcomes.keys()][0] ?? '')];
}

function hepFrame(): Buffer {
  const writer = new HepWriter({ version: 3, captureId: 1 });
  const payload = { bytes: INVITE, start: 0, end: INVITE.length };
  const length = writer.write(passageOf('203.0.113.1', '203.0.113.2'), PayloadType.Sip, payload);
  return udpFrame(Buffer.from(writer.bytes.subarray(0, length)), { toPort: 9060 });
}

const FRAMES: readonly (readonly [name: string, frame: Buffer])[] = [
  ...Object.entries(TUNNELLED).map(
    ([name, wrap]) => [name, ethernet(0x0800, wrap(PLAIN))] as const,
  ),
  ['hep', hepFrame()],
];

describe('tunnels', () => {
  test('are all here', () => {
    assert.deepEqual(
      FRAMES.map(([name]) => name),
      [...TUNNEL_NAMES.keys()],
    );
    assert.equal(
      [...TUNNEL_NAMES.values()].reduce((sum, bit) => sum | bit, 0),
      ALL_TUNNELS,
    );
  });

  for (const [name, frame] of FRAMES) {
    const own = TUNNEL_NAMES.get(name) ?? 0;
    test(`${name} is looked into where it is among those that are, and not otherwise`, () => {
      const others = ALL_TUNNELS & ~own;
      // What comes over IP itself has no transport then; in UDP there is a payload that is no SIP.
      const cause = ['ipip', 'gre', 'erspan'].includes(name) ? 'no-transport' : 'no-sip';
      assert.deepEqual(read(frame, ALL_TUNNELS), [1, 'out']);
      assert.deepEqual(read(frame, own), [1, 'out']);
      assert.deepEqual(read(frame, others), [0, cause]);
      assert.deepEqual(read(frame, NO_TUNNELS), [0, cause]);
    });
  }

  test('need each to be among them where one is in another', () => {
    const { vxlan, gre, ipip } = TUNNELLED;
    assert.ok(vxlan && gre && ipip);
    const frame = ethernet(0x0800, vxlan(gre(ipip(PLAIN))));
    assert.deepEqual(read(frame, Tunnel.Vxlan | Tunnel.Gre | Tunnel.IpInIp), [1, 'out']);
    assert.deepEqual(read(frame, Tunnel.Vxlan | Tunnel.Gre), [0, 'no-transport']);
    assert.deepEqual(read(frame, Tunnel.Gre | Tunnel.IpInIp), [0, 'no-sip']);
  });

  test("a tunnel's port is any other where that tunnel is not looked into", () => {
    const frame = ethernet(0x0800, ipv4(17, udp([5060, 4789], INVITE)));
    assert.deepEqual(read(frame, NO_TUNNELS), [1, 'out']);
  });

  test('plain packets need none', () => {
    assert.deepEqual(read(ethernet(0x0800, PLAIN), NO_TUNNELS), [1, 'out']);
  });
});
