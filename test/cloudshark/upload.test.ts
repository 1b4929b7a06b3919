import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { uploadToCloudshark, type CloudsharkServer } from '#kcap/cloudshark/upload.js';

import { cloudsharkStandIn } from '../support/cloudshark-server.js';

const NEVER = new AbortController().signal;
const FILE = {
  name: 'fw-eth0-1700000000.pcap',
  chunks: [Buffer.from('first\r\n--'), Buffer.alloc(300_000, 7), Buffer.from('last')],
  tags: 'customer:bäcker,node:fw',
};

async function standIn(t: TestContext, changes: Partial<CloudsharkServer> = {}) {
  const there = await cloudsharkStandIn(t);
  const { port, token, ca } = there;
  const scheme = 'https' as const;
  const server = { scheme, host: 'localhost', port, token, timeoutMs: 0, ca, ...changes };
  return { there, server, upload: (signal = NEVER) => uploadToCloudshark(server, FILE, signal) };
}

test('uploads a file with its name and tags, and gives where it is', async (t) => {
  const { there, upload } = await standIn(t);
  assert.equal(await upload(), `https://localhost:${there.port}/captures/c1`);
  const [uploaded, ...others] = there.uploads;
  assert.deepEqual(others, []);
  assert.equal(uploaded?.filename, FILE.name);
  assert.equal(uploaded.tags, FILE.tags);
  assert.deepEqual(uploaded.bytes, Buffer.concat(FILE.chunks));
});

test('does not trust a certificate that nobody vouches for', async (t) => {
  const { there, upload } = await standIn(t, { ca: '' });
  await assert.rejects(
    upload(),
    /^Error: (self-signed certificate|unable to verify).*; name the authority that signed its certificate in cloudshark.ca$/,
  );
  assert.deepEqual(there.uploads, []);
});

test('does not trust a certificate for another name', async (t) => {
  const { there, upload } = await standIn(t, { host: '127.0.0.1' });
  await assert.rejects(
    upload(),
    /(does not match|not in the cert).*; cloudshark.host must be a name that the certificate has$/,
  );
  assert.deepEqual(there.uploads, []);
});

test('says what the server says, and never the token', async (t) => {
  const token = 'not-the-token-of-this-server';
  const { upload } = await standIn(t, { token });
  await assert.rejects(upload(), {
    message: 'status 403: Invalid API token; check cloudshark.token',
  });
  const { there, server } = await standIn(t);
  there.next((request, response) => {
    request.resume();
    response.writeHead(500);
    response.end(JSON.stringify({ exceptions: [`no\nroute to ${request.url ?? ''}`] }));
  });
  await assert.rejects(uploadToCloudshark(server, FILE, NEVER), {
    message: 'status 500: no route to /api/v1/***/upload',
  });
});

for (const [what, body] of [
  ['is no JSON', '<html>welcome</html>'],
  ['has an id that leads elsewhere', '{"id":"../../evil"}'],
] as const)
  test(`takes an answer that ${what} for no CloudShark's`, async (t) => {
    const { there, upload } = await standIn(t);
    there.next((request, response) => {
      request.resume();
      response.end(body);
    });
    await assert.rejects(upload(), /^Error: its answer has no id/);
  });

test('reads no endless answer', async (t) => {
  const { there, upload } = await standIn(t);
  there.next((request, response) => {
    request.resume();
    const more = () => {
      while (response.write('x'.repeat(10_000)));
    };
    response.on('drain', more);
    more();
  });
  await assert.rejects(upload(), /^Error: its answer has no end/);
});

test('hears a refusal that comes before everything is sent', async (t) => {
  const { there, server } = await standIn(t);
  there.next((_request, response) => {
    response.writeHead(413, { connection: 'close' });
    response.end('{"exceptions":["Too large"]}');
  });
  const chunks = Array.from({ length: 64 }, () => Buffer.alloc(1024 * 1024));
  await assert.rejects(
    uploadToCloudshark(server, { ...FILE, chunks }, NEVER),
    /413|EPIPE|ECONNRESET/,
  );
});

test('gives up a server that does not answer in time, or once it is told to', async (t) => {
  const { there, upload } = await standIn(t, { timeoutMs: 50 });
  there.next((request) => request.resume());
  await assert.rejects(upload(), /^Error: not done within 0.05 s/);
  there.next((request) => request.resume());
  await assert.rejects(upload(AbortSignal.abort()), /abort/i);
});
