import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, test, type TestContext } from 'node:test';
import { deflateSync } from 'node:zlib';

import { UserError } from '#kcap/errors/user-error.js';
import { DatagramListener } from '#kcap/net/datagram-listener.js';
import type { PacketBatch } from '#kcap/packet/packet-batch.js';
import { PayloadType } from '#kcap/protocols/hep/chunk.js';
import { HepWriter } from '#kcap/protocols/hep/hep-writer.js';
import type { Passage } from '#kcap/protocols/passage.js';
import { HepFrames } from '#kcap/sources/hep-frames.js';
import { ListenerSource, type Datagrams } from '#kcap/sources/listener.js';
import { TzspFrames } from '#kcap/sources/tzsp-frames.js';

import { batchOf, numbered, packetsIn } from '../packet/packets.js';
import { endsOf } from '../pipeline/ends.js';
import { testsOfSource } from '../pipeline/source-contract.js';
import { passageOf } from '../protocols/passages.js';
import { ipv4, ipv6, udp, u8 } from '../support/frames.js';
import type { PcapPacket } from '../support/pcap-file.js';
import { sipRequest } from '../support/sip-packets.js';
import { waitFor } from '../support/wait-for.js';

const never = () => new AbortController().signal;

/** TZSP's header of a received Ethernet frame, with a tag and a padding before the frame. */
const TZSP = Buffer.from('01000001 0a0142 00 01'.replaceAll(' ', ''), 'hex');
const TZSP_OF_WLAN = Buffer.from('0100001201', 'hex');

/** Datagrams that are written down: they end after the last, or when somebody stops them. */
class WrittenDatagrams implements Datagrams {
  readonly name = 'written';
  readonly #batches: PacketBatch[];
  readonly #ends: boolean;
  #stop: () => void = () => undefined;
  #stopped = false;
  #closed = false;

  constructor(batches: readonly PacketBatch[], { ends = true } = {}) {
    this.#batches = [...batches];
    this.#ends = ends;
  }

  async next(): Promise<PacketBatch | null> {
    const batch = this.#stopped || this.#closed ? undefined : this.#batches.shift();
    if (batch) return batch;
    if (!this.#ends && !this.#stopped && !this.#closed)
      await new Promise<void>((resolve) => {
        this.#stop = resolve;
      });
    return null;
  }

  stop(): void {
    this.#stopped = true;
    this.#stop();
  }

  abandon(): void {
    this.stop();
  }

  counters() {
    return { droppedKernel: 0, abandoned: 0, abandonedBytes: 0 };
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }
}

function carried(packets: readonly PcapPacket[], header = TZSP): PacketBatch[] {
  const batches: PacketBatch[] = [];
  for (let first = 0; first < packets.length; first += 1000)
    batches.push(
      batchOf(
        packets
          .slice(first, first + 1000)
          .map(({ frame, ...packet }) => ({ ...packet, frame: Buffer.concat([header, frame]) })),
      ),
    );
  return batches;
}

const sourceOf = (batches: readonly PacketBatch[], ends = true) =>
  new ListenerSource(new WrittenDatagrams(batches, { ends }), new TzspFrames());

/** What comes by TZSP has the length with which it comes. */
const whole = (packets: readonly PcapPacket[]) =>
  packets.map((packet) => ({ ...packet, originalLength: packet.frame.length }));

testsOfSource('a listener for TZSP', {
  ending: (_t, packets) => Promise.resolve(sourceOf(carried(packets))),
  endless: (_t, packets) => Promise.resolve(sourceOf(carried(packets), false)),
  made: whole,
});

describe('TZSP', () => {
  test('frames of several kinds come in batches of one kind each', async () => {
    const [a, b, c] = numbered(3);
    assert.ok(a && b && c);
    const mixed = batchOf([
      { ...a, frame: Buffer.concat([TZSP, a.frame]) },
      { ...b, frame: Buffer.concat([TZSP_OF_WLAN, b.frame]) },
      { ...c, frame: Buffer.concat([TZSP_OF_WLAN, c.frame]) },
    ]);
    const found: unknown[] = [];
    for await (const { bytes, link } of sourceOf([mixed]).batches(never()))
      found.push([link.linkType, packetsIn(bytes).map(({ frame }) => frame)]);
    assert.deepEqual(found, [
      [1, [a.frame]],
      [105, [b.frame, c.frame]],
    ]);
  });

  for (const [what, hex] of [
    ['nothing', ''],
    ['half a header', '010000'],
    ['another version', '0200000101aa'],
    ['a sign of life', '01040001'],
    ['another protocol', '0100007701aa'],
    ['tags that do not end', '010000010a'],
    ['a tag that leads out of it', '010000010aff'],
  ] as const)
    test(`a datagram is counted and left out: ${what}`, async () => {
      const frame = Buffer.from(hex, 'hex');
      const source = sourceOf([batchOf([{ seconds: 1, fraction: 2, frame }])]);
      const batches = [];
      for await (const batch of source.batches(never())) batches.push(batch);
      assert.deepEqual(batches, []);
      assert.deepEqual(endsOf(source), { out: 0, bytesOut: 0, ended: { 'unusable-datagram': 1 } });
    });
});

describe('HEP', () => {
  const message = sipRequest('INVITE', 'call-1');
  const at = (passage: Passage, protocol = 17): Passage =>
    Object.assign(passage, { seconds: 1_700_000_123, microseconds: 456_789, protocol });

  test('a message of a datagram becomes a packet with its addresses, ports and time', async () => {
    const addresses = { source: '192.0.2.1', destination: '198.51.100.2' };
    const passage = at(passageOf(addresses.source, addresses.destination, { sourcePort: 5062 }));
    const [packet, ...others] = await framesOf([hep(passage, message)]);
    const ports = [passage.sourcePort, passage.destinationPort] as const;
    const frame = ipv4(17, udp(ports, message), { ...addresses, id: 0 });
    // There need be no checksum over IPv4.
    frame.fill(0, 26, 28);
    assert.deepEqual(others, []);
    assert.deepEqual(packet, {
      ...{ seconds: 1_700_000_123, fraction: 456_789, frame, originalLength: frame.length },
    });
  });

  test('over IPv6 it has a checksum', async () => {
    const addresses = { source: '2001:db8:0:0:0:0:0:1', destination: '2001:db8:0:0:0:0:0:2' };
    const passage = at(passageOf(addresses.source, addresses.destination));
    const odd = Buffer.concat([message, u8(0)]);
    const [packet] = await framesOf([hep(passage, odd)]);
    const ports = [passage.sourcePort, passage.destinationPort] as const;
    assert.deepEqual(packet?.frame, ipv6(17, udp(ports, odd, { addresses }), addresses));
  });

  test('a compressed message comes out whole', async () => {
    const passage = at(passageOf('192.0.2.1', '192.0.2.2'));
    const [packet] = await framesOf([hep(passage, message, true)]);
    assert.deepEqual(packet?.frame.subarray(28), message);
  });

  test('what did not come as a datagram goes on as HEP', async () => {
    const passage = at(passageOf('192.0.2.1', '192.0.2.2'), 6);
    const datagram = hep(passage, message);
    const [packet] = await framesOf([datagram]);
    assert.deepEqual(packet?.frame.subarray(28), datagram);
    assert.deepEqual([packet.seconds, packet.fraction], [1_700_000_123, 456_789]);
  });

  test('damaged packets are counted, and whole ones between them come', async () => {
    const good = hep(at(passageOf('192.0.2.1', '192.0.2.2')), message);
    const damaged = Array.from({ length: good.length }, (_, cut) => good.subarray(0, cut));
    const source = hepSource([...damaged, good, Buffer.from('rubbish')]);
    let packets = 0;
    for await (const batch of source.batches(never())) packets += batch.count;
    assert.equal(packets, 1);
    assert.equal(endsOf(source).ended['unusable-datagram'], damaged.length + 1);
  });

  function hep(passage: Passage, payload: Buffer, compresses = false): Buffer {
    const writer = new HepWriter({ version: 3, captureId: 7 });
    const bytes = compresses ? deflateSync(payload) : payload;
    const length = writer.write(
      ...([passage, PayloadType.Sip, { bytes, start: 0, end: bytes.length }] as const),
      ...([undefined, compresses] as const),
    );
    return Buffer.from(writer.bytes.subarray(0, length));
  }

  function hepSource(datagrams: readonly Buffer[]): ListenerSource {
    const batch = batchOf(datagrams.map((frame) => ({ seconds: 1, fraction: 2, frame })));
    return new ListenerSource(new WrittenDatagrams([batch]), new HepFrames());
  }

  async function framesOf(datagrams: readonly Buffer[]) {
    const packets: Required<PcapPacket>[] = [];
    for await (const { bytes, link } of hepSource(datagrams).batches(never())) {
      assert.equal(link.linkType, 101);
      packets.push(...packetsIn(bytes));
    }
    return packets;
  }
});

describe('a UDP port', () => {
  for (const address of ['127.0.0.1', '::1'])
    test(`gives what is sent there, in order and with its time: ${address}`, async (t) => {
      const listener = opened(t, address);
      const datagrams = Array.from({ length: 500 }, (_, number) =>
        Buffer.alloc(1 + number, number),
      );
      const before = Date.now() / 1000;
      await send(listener, datagrams);
      const packets = await taken(listener, datagrams.length);
      assert.deepEqual(
        packets.map(({ frame }) => frame),
        datagrams,
      );
      for (const { seconds } of packets) assert.ok(seconds >= Math.floor(before));
    });

  test('what is there at a stop comes, and nothing later', async (t) => {
    const listener = opened(t, '127.0.0.1');
    await send(listener, [Buffer.from('before')]);
    listener.stop();
    await send(listener, [Buffer.from('after')]);
    const packets = packetsIn((await listener.next())?.bytes ?? Buffer.alloc(0));
    assert.deepEqual(
      packets.map(({ frame }) => frame.toString()),
      ['before'],
    );
    assert.equal(await listener.next(), null);
    assert.equal(listener.counters().droppedKernel, 0);
  });

  test('what can not be taken any more is counted', async (t) => {
    const listener = opened(t, '127.0.0.1');
    await send(listener, [Buffer.alloc(10), Buffer.alloc(20)]);
    listener.stop();
    listener.abandon();
    assert.equal(await listener.next(), null);
    const { abandoned, abandonedBytes } = listener.counters();
    assert.deepEqual({ abandoned, abandonedBytes }, { abandoned: 2, abandonedBytes: 30 });
  });

  test('what does not fit into the buffer is counted as dropped', async (t) => {
    const listener = opened(t, '127.0.0.1');
    const datagram = Buffer.alloc(60_000);
    let sent = 0;
    while (listener.counters().droppedKernel === 0 && sent < 2000) {
      await send(listener, Array<Buffer>(20).fill(datagram));
      sent += 20;
    }
    listener.stop();
    let packets = 0;
    for (let batch; (batch = await listener.next()) !== null;) packets += batch.count;
    assert.equal(packets + listener.counters().droppedKernel, sent);
    assert.ok(packets > 0);
  });

  test('one that is taken already is an error that says so', (t) => {
    const { port } = opened(t, '127.0.0.1');
    assert.throws(
      () => DatagramListener.open({ address: '127.0.0.1', port }),
      (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /^listen on udp:\/\/127\.0\.0\.1:\d+: Address already in use$/);
        return true;
      },
    );
  });

  function opened(t: TestContext, address: string): DatagramListener {
    const listener = DatagramListener.open({ address, port: 0 });
    t.after(() => listener.close());
    return listener;
  }

  async function taken(listener: DatagramListener, count: number) {
    const packets: Required<PcapPacket>[] = [];
    while (packets.length < count) {
      const batch = await listener.next();
      if (!batch) break;
      packets.push(...packetsIn(batch.bytes));
    }
    return packets;
  }

  async function send(
    { name, port }: DatagramListener,
    datagrams: readonly Buffer[],
  ): Promise<void> {
    const isIPv6 = name.includes('[');
    const socket = createSocket(isIPv6 ? 'udp6' : 'udp4');
    let left = datagrams.length;
    for (const datagram of datagrams)
      socket.send(datagram, port, isIPv6 ? '::1' : '127.0.0.1', () => left--);
    await waitFor(() => left === 0, { limitMs: 10_000, what: 'datagrams to be sent' });
    await new Promise<void>((resolve) => {
      socket.close(resolve);
    });
  }
});
