import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';

import { DatagramSocket } from '#kcap/net/datagram-socket.js';
import { PeerConnection } from '#kcap/net/peer-connection.js';

import { CertificateAuthority } from '../support/certificates.js';
import { captureLoopback } from '../support/loopback-capture.js';
import { tempFolder } from '../support/temp-folder.js';
import { noVeth } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const skip = noVeth;
const NEVER = new AbortController().signal;

for (const address of ['127.0.0.1', '::1'])
  test(
    `captures leave out datagrams to a collector, and no others: ${address}`,
    { skip },
    async (t) => {
      const type = address === '::1' ? 'udp6' : 'udp4';
      const collector = createSocket(type).bind(0, address);
      t.after(() => collector.close());
      await once(collector, 'listening');
      let received = 0;
      collector.on('message', (_, from) => {
        received++;
        // What it answers is left out as well.
        collector.send('answer', from.port, from.address);
      });
      const { port } = collector.address();
      const capture = captureLoopback(t, `udp port ${port}`);
      const own = new DatagramSocket(address, port);
      const stranger = createSocket(type);
      t.after(() => stranger.close());
      for (let number = 1; number <= 20; number++) {
        await own.send(Buffer.from('own'), Int32Array.of(3));
        stranger.send('stranger', port, address);
      }
      await waitFor(() => received === 40, { limitMs: 10_000, what: 'datagrams to arrive' });
      const frames = await capture.frames();
      assert.equal(frames.filter((frame) => frame.includes('stranger')).length, 20);
      assert.equal(frames.filter((frame) => frame.includes('own')).length, 0);
      await own.close();
      await own.close();
    },
  );

test(
  'captures leave out a connection to a collector from its first packet on',
  { skip },
  async (t) => {
    const received: string[] = [];
    const collector = createServer((socket) => {
      socket.on('data', (bytes) => received.push(bytes.toString()));
    }).listen(0, '127.0.0.1');
    t.after(() => collector.close());
    await once(collector, 'listening');
    const { port } = collector.address() as { port: number };
    const capture = captureLoopback(t, `tcp port ${port}`);
    const own = new PeerConnection(
      { host: '127.0.0.1', port, tls: undefined },
      { onTrouble: () => undefined, onConnected: () => undefined },
    );
    await own.tryOnce();
    assert.ok(await own.write(Buffer.from('own'), NEVER));
    await waitFor(() => received.length > 0, { limitMs: 10_000, what: 'what was sent' });
    assert.deepEqual(received, ['own']);
    const stranger = connect(port, '127.0.0.1');
    await once(stranger, 'connect');
    const { localPort } = stranger;
    assert.ok(localPort !== undefined);
    stranger.end('stranger');
    await once(stranger, 'close');
    await own.close();
    const ports = (await capture.frames()).map(portsOf);
    assert.ok(ports.length >= 3);
    assert.deepEqual(new Set(ports.flat()), new Set([port, localPort]));
  },
);

test('over TLS the certificate must be of the host that was named, also of an address', async (t) => {
  const authority = await CertificateAuthority.make(await tempFolder(t), 'ours');
  const ca = await readFile(authority.file);
  for (const [name, refusal] of [
    ['IP:127.0.0.1', undefined],
    ['DNS:localhost', /Host: 127\.0\.0\.1\. is not cert's CN|does not match/],
  ] as const) {
    const { certificate, key } = await authority.issue({ commonName: 'collector', names: [name] });
    const collector = createTlsServer(
      { cert: await readFile(certificate), key: await readFile(key) },
      (socket) => socket.resume(),
    ).listen(0, '127.0.0.1');
    t.after(() => collector.close());
    await once(collector, 'listening');
    const { port } = collector.address() as { port: number };
    const own = new PeerConnection(
      { host: '127.0.0.1', port, tls: { ca } },
      { onTrouble: () => undefined, onConnected: () => undefined },
    );
    if (refusal) await assert.rejects(own.tryOnce(), refusal);
    else await own.tryOnce();
    await own.close();
  }
});

test('a connection that is refused is an error, and leaves no descriptor', async () => {
  const own = new PeerConnection(
    { host: '127.0.0.1', port: 1, tls: undefined },
    { onTrouble: () => undefined, onConnected: () => undefined },
  );
  for (let attempt = 0; attempt < 50; attempt++)
    await assert.rejects(own.tryOnce(), /ECONNREFUSED/);
  await own.close();
});

/** Of TCP over Ethernet and IPv4 without options. */
function portsOf(frame: Buffer): [source: number, destination: number] {
  return [frame.readUInt16BE(34), frame.readUInt16BE(36)];
}
