import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

import { repository } from '../support/repository.js';
import { tempFolder } from '../support/temp-folder.js';
import { noVeth } from '../support/veth.js';

test(
  'npm run demo:sip shows calls coming out of Kafka, ends by itself and leaves nothing',
  { skip: noVeth },
  async (t) => {
    const folder = await tempFolder(t);
    const demo = spawn(`${repository}scripts/demo-sip`, {
      env: { ...process.env, TMPDIR: folder, KCAP_NODE: process.execPath },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    const [shown, said, [status]] = await Promise.all([
      text(demo.stdout),
      text(demo.stderr),
      once(demo, 'close') as Promise<[number | null]>,
    ]);
    assert.equal(status, 0, said);
    const [answer, ...messages] = shown.trim().split('\n');
    assert.equal(answer?.trim(), '{"task_id":"calls","status":"created"}');
    // A call is INVITE, 180, 200, ACK, BYE, 200.
    const calls = new Map<string, string[]>();
    for (const line of messages) {
      const [, from, to, what = '', id = ''] =
        /^ {2}(192\.0\.2\.\d:506\d) > (192\.0\.2\.\d:506\d) {2}(\w+) {2}(\S+)$/.exec(line) ?? [];
      assert.ok(from !== undefined && from !== to, line);
      calls.set(id, [...(calls.get(id) ?? []), what]);
    }
    assert.equal(calls.size, 3, shown);
    for (const call of calls.values())
      assert.equal(call.toSorted().join(' '), '180 200 200 ACK BYE INVITE');
    assert.deepEqual(await readdir(folder), []);
  },
);
