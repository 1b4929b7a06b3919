import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import fc from 'fast-check';

import { translateMessage } from '#kcap/agent/triggers/capture-message.js';
import { CaptureNames } from '#kcap/agent/triggers/capture-name.js';
import { keyOf, urlOfEndpoint } from '#kcap/aws/s3-place.js';

import { hostileMessages } from './hostile-messages.js';
import { BOUNDS, CONTEXT } from './messages.js';

test('10,000 hostile messages are refused in a line, or come to captures within all bounds', async () => {
  await fc.assert(
    fc.asyncProperty(hostileMessages, async (hostile) => {
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
