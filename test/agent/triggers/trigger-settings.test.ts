import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { checkConfiguration } from '#kcap/agent/configuration/read-configuration.js';
import { triggerSettings } from '#kcap/agent/triggers/trigger-settings.js';
import { textDocument } from '#kcap/documents/read-document.js';

import { repository } from '../../support/repository.js';

/** pcapdaemon's example, as its README prints it. */
const PRINTED = await readFile(`${repository}examples/pcapdaemon.conf`, 'utf8');

async function settingsOf(text: string) {
  const options = { environment: {} };
  const document = await textDocument('pcapdaemon.conf', text, options);
  return triggerSettings(checkConfiguration(document, options));
}

test("takes pcapdaemon's example as it stands", async () => {
  const key = { accessId: 'xxxxxxxxxxxxxxxxxxxxxxxxx', accessKey: 'xxxxxxxxxxxxxxxxxxxxxxx' };
  const { captures, ...settings } = await settingsOf(PRINTED);
  const { maxPackets, maxBytes, maxDurationMs, maxTimeoutMs, defaultTimeoutMs, snapLength } =
    captures.bounds;
  assert.deepEqual(
    { maxPackets, maxBytes, maxDurationMs, maxTimeoutMs, defaultTimeoutMs, snapLength },
    {
      ...{ maxPackets: 50_000, maxBytes: 100_000_000, maxDurationMs: 3_600_000 },
      ...{ maxTimeoutMs: 3_600_000, defaultTimeoutMs: 10_000, snapLength: 500 },
    },
  );
  assert.deepEqual(
    [...captures.aliases],
    [
      ['main', ['eth0']],
      ['public', ['eth0']],
      ['local', ['lo']],
    ],
  );
  assert.deepEqual(settings, {
    atOnce: 10,
    keptFolder: '/var/lib/kcap/failed',
    redis: {
      ...{ host: 'node.running.redis.net', port: 6379, channel: 'capture', username: '' },
      ...{ password: 'password', tls: false, ca: '' },
    },
    sqs: {
      ...{ url: 'https://example.amazone.com/asdfasdf/myqueue', region: 'us-east-1', endpoint: '' },
      ...{ waitSeconds: 20, chunkSize: 10, ...key },
    },
    kafka: undefined,
    socket: true,
    localFolder: undefined,
    s3: {
      place: {
        ...{ bucket: 'pcapdaemon', folder: 'pcaps', region: 'us-east-1' },
        ...{ endpoint: 's3.amazonaws.com', acl: 'private', encryption: false },
      },
      key,
    },
    cloudshark: {
      ...{ host: 'www.cloudshark.org', scheme: 'https', port: 443, timeoutMs: 0, ca: '' },
      token: 'fffffffffffffffffff',
    },
  });
});

for (const [line, problem] of [
  ['bucket = "a/b"', /s3\.bucket: not the name of a bucket/],
  ['folder = "../other"', /s3\.folder: names between slashes/],
  ['endpoint = "http://host/path"', /s3\.endpoint: not HOST\[:PORT\]/],
  ['acl = "everybody"', /s3\.acl: none of private/],
  ['region = "a.b/"', /s3\.region: not the name of a region/],
] as const)
  test(`refuses ${line} of the section s3`, async () => {
    const bucket = line.startsWith('bucket') ? '' : 'bucket = "pcaps"\n';
    await assert.rejects(settingsOf(`[s3]\nupload = true\n${bucket}${line}\n`), problem);
  });
