import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';

import { openFile } from '#kcap/files/byte-output.js';
import { DatagramSocket } from '#kcap/net/datagram-socket.js';
import { PeerConnection } from '#kcap/net/peer-connection.js';
import { HepPacket } from '#kcap/protocols/hep/hep-packet.js';
import { JsonBytes } from '#kcap/protocols/json-bytes.js';
import { DatagramOutlet } from '#kcap/sinks/datagram-outlet.js';
import { EncodedReporter } from '#kcap/sinks/encoded-reporter.js';
import { HepPackets } from '#kcap/sinks/hep-packets.js';
import { JsonLines } from '#kcap/sinks/json-lines.js';
import { LineColumns } from '#kcap/sinks/line-columns.js';
import type { MessageEncoder } from '#kcap/sinks/message-encoder.js';
import type { Outlet } from '#kcap/sinks/outlet.js';
import { OutputOutlet } from '#kcap/sinks/output-outlet.js';
import { SharedReporter } from '#kcap/sinks/shared-reporter.js';
import { SipLines } from '#kcap/sinks/sip-lines.js';
import { StreamOutlet } from '#kcap/sinks/stream-outlet.js';

import {
  numberedMessages,
  testsOfReporter,
  type SinkUnderTest,
} from '../pipeline/sink-contract.js';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';

type UnderTest = SinkUnderTest<Parameters<EncodedReporter['write']>[0]>;

const NEVER = new AbortController().signal;
const WHO = { taskId: 'sip', agentId: 'edge-1', pipelineId: 0 };
const newLines = () => new SipLines(new LineColumns(false), { raw: false });
const newJson = () => new JsonLines(WHO);
const newHep = () =>
  new HepPackets({ version: 3, captureId: 1, compresses: false, isDatagram: true });

/** What an encoder writes of the first so many messages, one after the other. */
function encoded(encoder: MessageEncoder, count: number): Buffer[] {
  const batch = numberedMessages(0, count);
  return Array.from({ length: count }, (_, index) => {
    const out = new JsonBytes();
    batch.go(index);
    encoder.encode(out, batch.message, batch.passage);
    encoder.writeAll?.(out, new Int32Array(1));
    return Buffer.from(out.bytes.subarray(0, out.length));
  });
}

const bytesOf = (newEncoder: () => MessageEncoder) => (count: number) =>
  encoded(newEncoder(), count).reduce((sum, { length }) => sum + length, 0);
const textsOf = (newEncoder: () => MessageEncoder) => (count: number) =>
  encoded(newEncoder(), count).map(String);

function reporter(encoder: MessageEncoder, outlet: Outlet): EncodedReporter {
  return new EncodedReporter({ name: 'test', encoder, outlet, whenSlow: 'wait' });
}

async function toFile(t: TestContext, encoder: MessageEncoder): Promise<UnderTest> {
  const file = path.join(await tempFolder(t), 'messages');
  const sink = reporter(encoder, new OutputOutlet(await openFile(file, NEVER)));
  t.after(() => sink.close());
  return {
    sink,
    out: async () => (await readFile(file, 'utf8')).split(/(?<=\n)/).filter((line) => line !== ''),
  };
}

/** A socket that a collector listens on, and the Call-IDs of what it has got. */
async function collector(t: TestContext): Promise<{ port: number; got: string[] }> {
  const socket = createSocket('udp4');
  const got: string[] = [];
  socket.on('message', (bytes) => got.push(callIdOf(bytes, 0, bytes.length)));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => {
    socket.close();
  });
  return { port: socket.address().port, got };
}

function callIdOf(bytes: Buffer, start: number, end: number): string {
  const packet = new HepPacket();
  packet.read(bytes, start, end);
  return bytes.toString('latin1', packet.correlationId.start, packet.correlationId.end);
}

const all = (got: readonly string[], sink: EncodedReporter | SharedReporter) =>
  waitFor(() => (got.length >= sink.account().out.packets ? got : undefined), {
    limitMs: 10_000,
    what: 'all datagrams',
  });
const datagrams = (port: number) =>
  new DatagramOutlet(new DatagramSocket('127.0.0.1', port), () => undefined);
const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

testsOfReporter('lines in a file', {
  make: (t) => toFile(t, newLines()),
  seen: textsOf(newLines),
  bytes: bytesOf(newLines),
});

testsOfReporter('JSON lines in a file', {
  make: (t) => toFile(t, newJson()),
  seen: textsOf(newJson),
  bytes: bytesOf(newJson),
});

testsOfReporter('HEP datagrams', {
  make: async (t) => {
    const { port, got } = await collector(t);
    const sink = reporter(newHep(), datagrams(port));
    t.after(() => sink.close());
    return { sink, out: () => all(got, sink) };
  },
  seen: numbers,
  bytes: bytesOf(newHep),
});

testsOfReporter('HEP datagrams to one of two servers', {
  make: async (t) => {
    const { port, got } = await collector(t);
    const shares: EncodedReporter[] = [];
    for (const index of [0, 1])
      shares.push(
        new EncodedReporter({
          ...{ name: 'test', encoder: newHep(), outlet: datagrams(port), whenSlow: 'wait' },
          share: { index, of: 2 },
        }),
      );
    const sink = new SharedReporter('test', shares);
    t.after(() => sink.close());
    return { sink, out: () => all(got, sink) };
  },
  seen: numbers,
  bytes: bytesOf(newHep),
});

testsOfReporter('HEP over a connection', {
  make: async (t) => {
    const parts: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on('data', (part) => parts.push(part));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const connection = new PeerConnection(
      { host: '127.0.0.1', port, tls: undefined },
      { onTrouble: () => undefined, onConnected: () => undefined },
    );
    await connection.tryOnce();
    const sink = reporter(newHep(), new StreamOutlet(connection));
    t.after(() => sink.close());
    const received = () => {
      const bytes = Buffer.concat(parts);
      const callIds: string[] = [];
      for (let at = 0; at + 6 <= bytes.length;) {
        const end = at + bytes.readUInt16BE(at + 4);
        callIds.push(callIdOf(bytes, at, end));
        at = end;
      }
      return bytes.length >= sink.account().out.bytes ? callIds : undefined;
    };
    return { sink, out: () => waitFor(received, { limitMs: 10_000, what: 'all packets' }) };
  },
  seen: numbers,
  bytes: bytesOf(newHep),
});
