import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import fc from 'fast-check';

import { translateMessage } from '#kcap/agent/triggers/capture-message.js';
import { CaptureNames } from '#kcap/agent/triggers/capture-name.js';
import { keyOf, urlOfEndpoint } from '#kcap/aws/s3-place.js';

import { BOUNDS, CONTEXT, message, PRINTED } from './messages.js';

const FIELDS = [
  ...['node', 'nodere', 'interface', 'alias', 'bpf', 'snap', 'packets', 'bytes', 'duration'],
  ...['timeout', 'tags', 'customer', 'alertid', 'packetdebug', 'logrequest', 'folder', 'bucket'],
  ...['acl', 'region', 'endpoint', 'encryption', '__proto__', 'constructor'],
];

const nasty = fc.constantFrom(
  ...['../../etc/passwd', '/etc/passwd', '..', '.', 'a/../../b', '%2e%2e/x', 'a\0b', 'a\r\nX: y'],
  ...['\\..\\x', '\ud800', 'ä'.repeat(300), '(a+)+$', '[', '*'.repeat(50), '$(reboot)', '`id`'],
  ...['http://169.254.169.254/latest', 'file:///etc/passwd', 'host:99999', '[::1]:80', 'a@b'],
  ...['not (((', 'port 80', 'len > 0', 'any', 'fw-1.fra', 'private', 'x'.repeat(5000)],
);
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(-0, 2 ** 53, 2 ** 64, 1e308, -1),
);
const value = fc.oneof(
  { depthSize: 'small' },
  nasty,
  number,
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.oneof(nasty, number), { maxLength: 4 }),
  fc.jsonValue({ maxDepth: 3 }),
);
const hostileObject = fc
  .array(fc.tuple(fc.constantFrom(...FIELDS), value), { maxLength: 8 })
  .map((fields) => ({ node: 'any', interface: ['eth0'], ...Object.fromEntries(fields) }));

/** A message of which some bytes were changed, removed or doubled. */
const damaged = fc
  .tuple(
    fc.constantFrom(PRINTED, message(), `[${message()},${message()}]`),
    fc.array(fc.tuple(fc.nat(2000), fc.nat(255), fc.nat(2)), { minLength: 1, maxLength: 6 }),
  )
  .map(([text, changes]) => {
    let bytes = [...Buffer.from(text)];
    for (const [at, byte, kind] of changes) {
      const place = at % bytes.length;
      if (kind === 0) bytes[place] = byte;
      else if (kind === 1) bytes.splice(place, 1);
      else bytes = [...bytes.slice(0, place), ...bytes.slice(place / 2)];
    }
    return Buffer.from(bytes).toString();
  });

const text = fc.oneof(
  hostileObject.map((object) => JSON.stringify(object)),
  fc.array(hostileObject, { maxLength: 3 }).map((list) => JSON.stringify(list)),
  damaged,
  fc.string({ unit: 'binary', maxLength: 200 }),
);

test('10,000 hostile messages are refused in a line, or come to captures within all bounds', async () => {
  await fc.assert(
    fc.asyncProperty(text, async (hostile) => {
      const { requests, refusals } = await translateMessage(hostile, CONTEXT);
      for (const refusal of refusals) {
        assert.ok(refusal.length < 8000);
        assert.doesNotMatch(refusal, /\n {4}at /);
      }
      for (const { limits, snapLength, s3, tags, interface: name } of requests) {
        assert.ok(limits.packets > 0 && limits.packets <= BOUNDS.maxPackets);
        assert.ok(limits.bytes > 0 && limits.bytes <= BOUNDS.maxBytes);
        assert.ok(limits.durationMs > 0 && limits.durationMs <= BOUNDS.maxDurationMs);
        assert.ok(limits.idleMs > 0 && limits.idleMs <= BOUNDS.maxTimeoutMs);
        assert.ok(snapLength > 0 && snapLength <= 262_144);
        assert.doesNotMatch(tags, /\p{Control}/u);
        const file = new CaptureNames(CONTEXT.host).next(name, 'pcap');
        assert.equal(path.dirname(path.resolve('/captures', file)), '/captures');
        const { bucket = 'pcaps', folder = '', endpoint = 's3.example', region = 'a' } = s3;
        // What a client makes of it must still be the same bucket, key and host.
        const key = keyOf(folder, file);
        const url = new URL(`${urlOfEndpoint(endpoint) ?? ''}/${bucket}/${encodeURI(key)}`);
        assert.ok(url.pathname.startsWith(`/${bucket}/`), url.href);
        assert.equal(url.pathname.split('/').length, key.split('/').length + 2, url.href);
        assert.equal(`${url.username}${url.password}${url.search}`, '');
        assert.match(region, /^[a-z0-9-]+$/);
      }
    }),
    { numRuns: 10_000 },
  );
});
