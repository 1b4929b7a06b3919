import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';

import {
  CreateBucketCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';

import { putObject } from '#kcap/aws/s3-objects.js';
import { ownHttpAgents } from '#kcap/net/own-http.js';
import { encodedMetadata, isAwsEndpoint, keyOf, urlOfEndpoint } from '#kcap/aws/s3-place.js';

import { CertificateAuthority } from '../support/certificates.js';
import { freePort } from '../support/free-port.js';
import { motoServer } from '../support/moto-server.js';
import { tempFolder } from '../support/temp-folder.js';

const NEVER = new AbortController().signal;
const KEY = { accessId: 'AKIAEXAMPLE', accessKey: 'a-secret-access-key' };
const PLACE = {
  ...{ bucket: 'pcaps', folder: 'fw', region: 'us-east-1', endpoint: '' },
  ...{ acl: 'public-read', encryption: true },
};
const OBJECT = {
  key: 'fw/fw-eth0-1700000000.pcap',
  contentType: 'application/vnd.tcpdump.pcap',
  chunks: [Buffer.from('one '), Buffer.alloc(3_000_000, 7), Buffer.from('two')],
  metadata: { tags: 'customer:Bäcker & Söhne,node:fw' },
};

test('puts an object with tags, ACL and encryption into a server of one’s own', async (t) => {
  const { endpoint, kill, restart } = await motoServer(t);
  const client = new S3Client({
    ...{ region: 'us-east-1', endpoint, forcePathStyle: true },
    credentials: { accessKeyId: KEY.accessId, secretAccessKey: KEY.accessKey },
  });
  t.after(() => {
    client.destroy();
  });
  const own = { ...PLACE, endpoint };

  await assert.rejects(putObject(own, KEY, OBJECT, NEVER), {
    message:
      'NoSuchBucket: The specified bucket does not exist; make the bucket, or name another one',
  });

  await client.send(new CreateBucketCommand({ Bucket: 'pcaps' }));
  await putObject(own, KEY, OBJECT, NEVER);
  const { Contents: contents = [] } = await client.send(
    new ListObjectsV2Command({ Bucket: 'pcaps' }),
  );
  assert.deepEqual(
    contents.map(({ Key: key }) => key),
    [OBJECT.key],
  );
  const asked = { Bucket: 'pcaps', Key: OBJECT.key };
  const got = await client.send(new GetObjectCommand(asked));
  const bytes = await got.Body?.transformToByteArray();
  assert.deepEqual(Buffer.from(bytes ?? []), Buffer.concat(OBJECT.chunks));
  assert.equal(got.ServerSideEncryption, 'AES256');
  assert.equal(got.ContentType, OBJECT.contentType);
  assert.deepEqual(got.Metadata, { tags: 'customer:B%C3%A4cker & S%C3%B6hne,node:fw' });
  const { Grants: grants = [] } = await client.send(new GetObjectAclCommand(asked));
  assert.ok(grants.some(({ Permission, Grantee }) => Permission === 'READ' && Grantee?.URI));

  await kill();
  await assert.rejects(putObject(own, KEY, OBJECT, NEVER), /ECONNREFUSED/);
  await assert.rejects(putObject(own, KEY, OBJECT, AbortSignal.abort()), /abort/i);
  await restart();
  await client.send(new CreateBucketCommand({ Bucket: 'pcaps' }));
  await putObject({ ...own, acl: '', encryption: false }, KEY, OBJECT, NEVER);
});

test('says that nothing listens there, without the key', async () => {
  const endpoint = `127.0.0.1:${await freePort()}`;
  await assert.rejects(
    putObject({ ...PLACE, endpoint }, KEY, OBJECT, NEVER),
    ({ message }: Error) => {
      assert.match(message, /ECONNREFUSED/);
      assert.doesNotMatch(message, /secret|\n/);
      return true;
    },
  );
});

for (const [code, message, remedy] of [
  [
    'InvalidAccessKeyId',
    'The AWS Access Key Id you provided does not exist in our records.',
    'check accessid and accesskey',
  ],
  [
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided.',
    'check accessid and accesskey',
  ],
  ['RequestTimeTooSkewed', 'The difference is too large.', 'set the clock of this host'],
] as const)
  test(`says in a line what S3 has against a key, and what helps: ${code}`, async (t) => {
    const server = createServer((request, response) => {
      const { accessId } = KEY;
      const body = `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>${message}</Message><AWSAccessKeyId>${accessId}</AWSAccessKeyId></Error>`;
      request.resume().on('end', () => {
        response.writeHead(403, { 'content-type': 'application/xml' }).end(body);
      });
    }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const endpoint = `http://127.0.0.1:${port}`;
    await assert.rejects(putObject({ ...PLACE, endpoint }, KEY, OBJECT, NEVER), {
      message: `${code}: ${message}; ${remedy}`,
    });
  });

test('says how to trust an S3 server of one’s own', async (t) => {
  const authority = await CertificateAuthority.make(await tempFolder(t), 'ours');
  const issued = await authority.issue({ commonName: 's3', names: ['IP:127.0.0.1'] });
  const cert = await readFile(issued.certificate);
  const server = createTlsServer({ cert, key: await readFile(issued.key) }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const to = (endpoint: string, agents = ownHttpAgents()) =>
    putObject({ ...PLACE, endpoint }, KEY, OBJECT, NEVER, agents);
  await assert.rejects(
    to(`https://127.0.0.1:${port}`),
    /^Error: (self-signed|unable to).*; name the authority that signed its certificate in NODE_EXTRA_CA_CERTS$/,
  );
  const ca = await readFile(authority.file);
  await assert.rejects(
    to(`https://localhost:${port}`, ownHttpAgents({ ca } as object)),
    /; the endpoint must be a name that the certificate has$/,
  );
  const plain = createServer().listen(0, '127.0.0.1');
  t.after(() => plain.close());
  await once(plain, 'listening');
  await assert.rejects(
    to(`https://127.0.0.1:${(plain.address() as AddressInfo).port}`),
    /; no TLS is spoken there: check the scheme and the port of the endpoint$/,
  );
});

test('metadata are ASCII', () => {
  assert.equal(encodedMetadata('100% of a-z, ü\n'), '100% of a-z, %C3%BC%0A');
});

for (const [endpoint, url] of [
  ['minio.example:9000', 'https://minio.example:9000'],
  ['http://10.0.0.7:9000/', 'http://10.0.0.7:9000'],
  ['https://[::1]:9000', 'https://[::1]:9000'],
  ['s3.example', 'https://s3.example'],
  ['ftp://s3.example', undefined],
  ['s3.example/bucket', undefined],
  ['a b', undefined],
  ['', undefined],
] as const)
  test(`endpoint '${endpoint}' is ${url ?? 'none'}`, () => {
    assert.equal(urlOfEndpoint(endpoint), url);
    assert.equal(isAwsEndpoint(endpoint), endpoint === '');
  });

test("knows AWS's own endpoints", () => {
  for (const endpoint of [
    ...['s3.amazonaws.com', 'https://s3.amazonaws.com', 's3.eu-west-1.amazonaws.com'],
    ...['s3-us-west-2.amazonaws.com'],
  ])
    assert.ok(isAwsEndpoint(endpoint), endpoint);
  for (const endpoint of ['s3.amazonaws.com.evil.example', 'http://s3.amazonaws.com'])
    assert.ok(!isAwsEndpoint(endpoint), endpoint);
});

test('keys begin with no slash', () => {
  assert.equal(keyOf('', 'a.pcap'), 'a.pcap');
  assert.equal(keyOf('/', 'a.pcap'), 'a.pcap');
  assert.equal(keyOf('/x/y/', 'a.pcap'), 'x/y/a.pcap');
});
