import assert from 'node:assert/strict';
import { type TestContext, describe, test } from 'node:test';

import { summaryOf } from './kcap-log.js';
import { KcapRun } from './kcap-run.js';
import { spawnTied } from './tied-process.js';

const summary = {
  event: 'summary',
  ...{ packets_in: 3, packets_out: 2, packets_failed: 0, packets_filtered: 1, packets_skipped: 0 },
  ...{ packets_spooled: 0, dropped_kernel: 0, dropped_interface: 0, bytes_in: 180, bytes_out: 120 },
  duration_s: 0.5,
};

describe('the rig that runs kcap', () => {
  test('collects output, log, summary and exit status', async (t) => {
    const run = standIn(
      t,
      `process.stdout.write(Buffer.from([0, 255, 10]));
       console.error('kcap: not json');
       console.error(${quoted({ event: 'started' })});
       console.error(${quoted(summary)});
       process.exitCode = 1;`,
    );
    assert.deepEqual(await run.started(), { event: 'started' });
    const { status, signal, durationMs } = await run.exit;
    assert.deepEqual({ status, signal }, { status: 1, signal: null });
    assert.ok(durationMs > 10 && durationMs < 10_000, `${durationMs} ms`);
    assert.deepEqual(run.stdout, Buffer.from([0, 255, 10]));
    assert.equal(run.records.length, 2);
    assert.equal(run.summary().packets_out, 2);
    assert.equal((await run.waitForLog(/not (\w+)/))[1], 'json');
  });

  test('passes signals on and tells of the one that ended it', async (t) => {
    const run = standIn(
      t,
      `console.error(${quoted({ event: 'started' })}); setInterval(() => {}, 1000);`,
    );
    await run.started();
    run.signal('SIGTERM');
    const { status, signal } = await run.exit;
    assert.deepEqual({ status, signal }, { status: null, signal: 'SIGTERM' });
  });

  test('fails at once, with the log, when what it waits for cannot come any more', async (t) => {
    const run = standIn(t, `console.error('kcap: -i eth9: there is no such interface');`);
    await assert.rejects(
      run.started(),
      /ended without saying[^]*-i eth9: there is no such interface/,
    );
    assert.throws(() => run.summary(), /said no summary[^]*-i eth9/);
  });

  test('kills a run that takes too long', async (t) => {
    const run = standIn(t, 'setInterval(() => {}, 1000);', 200);
    await assert.rejects(run.exit, /still there after 200 ms/);
  });

  test('insists on the fields of the summary', () => {
    assert.throws(() => summaryOf([{ ...summary, bytes_in: '180' }]), /bytes_in is not an integer/);
    assert.throws(() => summaryOf([summary, summary]), /2 summaries/);
    assert.equal(summaryOf([]), undefined);
  });
});

/** Something in kcap's place, of which the test knows what it does. */
function standIn(t: TestContext, code: string, limitMs = 10_000): KcapRun {
  const child = spawnTied([process.execPath, '-e', code], { stdio: ['ignore', 'pipe', 'pipe'] });
  const run = new KcapRun(child, { command: 'stand-in', collect: true, limitMs });
  t.after(() => run.end());
  return run;
}

function quoted(record: object): string {
  return JSON.stringify(JSON.stringify(record));
}
