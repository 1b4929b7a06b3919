import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';

import { UserError } from '#kcap/errors/user-error.js';
import { openInScope, type Scope } from '#kcap/pipeline/scope.js';
import { Stop } from '#kcap/pipeline/stop.js';
import { openStandardOutput } from '#kcap/files/byte-output.js';
import { openConsuming, type ConsumingOptions } from '#kcap/task/consuming.js';
import { openProducing, type ProducingOptions } from '#kcap/task/producing.js';

import { keptLog } from '../kafka/log.js';
import { numbered } from '../packet/packets.js';
import { collectGarbage } from '../support/collect-garbage.js';
import { pcapFile } from '../support/pcap-file.js';
import { tempFolder } from '../support/temp-folder.js';
import { noVeth } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const AT_ONCE = { openings: 320, warmUps: 5, limitMs: 0, collects: false };
/** The kernel takes its time to close a capture; the descriptor that woke its thread goes with the closed object. */
const CAPTURES = { openings: 40, warmUps: 5, limitMs: 5000, collects: true };

const PRODUCING: ProducingOptions = {
  ...{ topic: 'packets', properties: new Map([['bootstrap.servers', '127.0.0.1:1']]) },
  ...{
    maxPackets: 0,
    prettyEvery: 0,
    print: undefined,
    snapLength: undefined,
    linkType: undefined,
    filter: '',
  },
  ...{ from: { interfaces: ['lo', 'nosuch0'] }, bufferMiB: 1, promiscuous: false },
  ...{ precision: 'micro', timestampType: undefined, captureOwnTraffic: true },
  ...{ partitionBy: 'time', timestamp: 'now', headers: [], identify: false },
  ...{ drainTimeoutMs: 0, pack: undefined, spool: undefined, workers: 1 },
  ...{ autostop: {}, copy: undefined },
};

const CONSUMING: ConsumingOptions = {
  ...{ topic: 'packets', properties: PRODUCING.properties, maxPackets: 0, prettyEvery: 0 },
  print: undefined,
  ...{ filter: '', start: { kind: 'begin' }, from: undefined, to: undefined, slackMs: undefined },
  ...{ endsAtWatermarks: false, inTimeOrder: false, keyUnit: 'us', values: 'frame' },
  ...{
    group: undefined,
    file: '/no/such/folder/out.pcap',
    fileFormat: 'pcap',
    linkType: undefined,
  },
  ...{ application: 'kcap', autostop: {}, ring: undefined },
};

describe('a thousand openings that fail half-way leave descriptors and threads as they were', () => {
  test('the second of two interfaces is not there', { skip: noVeth }, async () => {
    await assertLeavesNothing(/nosuch0/, (scope) => producing(PRODUCING, scope), CAPTURES);
  });

  test('the topic can not be sent to once a file is open', async (t) => {
    const from = { files: [await captureIn(await tempFolder(t))] };
    const problem = new UserError('topic packets', 'it does not exist');
    await assertLeavesNothing(/it does not exist/, (scope) =>
      producing({ ...PRODUCING, from }, scope, { problem }),
    );
  });

  test('the folder of the spool is a file', async (t) => {
    const file = await captureIn(await tempFolder(t));
    const options = { ...PRODUCING, from: { files: [file] }, spool: { path: file, bytes: 1e8 } };
    await assertLeavesNothing(/spool/, (scope) => producing(options, scope));
  });

  test('the copy can not be made once the rest is open', async (t) => {
    const from = { files: [await captureIn(await tempFolder(t))] };
    const { file = '', ...format } = CONSUMING;
    const copy = { ...format, file, whenSlow: 'drop' } as const;
    const open = (scope: Scope) => producing({ ...PRODUCING, from, copy }, scope);
    // Each waits for a while for its brokers.
    await assertLeavesNothing(/no\/such\/folder/, open, { ...AT_ONCE, warmUps: 1, openings: 3 });
  });

  test('the file to write to can not be made once the topic is being read', async () => {
    await assertLeavesNothing(/no\/such\/folder/, (scope) =>
      openConsuming(CONSUMING, scope, {
        openOutput: openStandardOutput,
        ranges: [{ partition: 0, start: 0, end: undefined }],
        stop: new Stop(0),
        log: keptLog().log,
      }),
    );
  });
});

async function producing(
  options: ProducingOptions,
  scope: Scope,
  start: Parameters<typeof openProducing>[2]['start'] = { partitions: 1, roundTripMs: 0 },
): Promise<unknown> {
  return openProducing(options, scope, {
    start,
    openOutput: openStandardOutput,
    stop: new Stop(0),
    log: keptLog().log,
  });
}

async function assertLeavesNothing(
  failure: RegExp,
  open: (scope: Scope) => Promise<unknown>,
  // At once: a file that is forgotten is closed, too, but only when it is collected.
  { openings, warmUps, limitMs, collects } = AT_ONCE,
): Promise<void> {
  const fails = () => assert.rejects(openInScope(open), failure);
  // The first ones start what the process keeps: the threads of libuv's pool.
  for (let warm = 0; warm < warmUps; warm++) await fails();
  const before = await held();
  for (let opening = 0; opening < openings; opening++) await fails();
  const settled = async () => {
    if (collects) await collectGarbage();
    return isNoMore(await held(), before);
  };
  await waitFor(settled, {
    limitMs,
    what: `no more descriptors and threads than ${JSON.stringify(before)}`,
  });
}

interface Held {
  readonly descriptors: number;
  readonly threads: number;
}

async function held(): Promise<Held> {
  const count = async (folder: string) => (await readdir(`/proc/self/${folder}`)).length;
  return { descriptors: await count('fd'), threads: await count('task') };
}

function isNoMore(now: Held, before: Held): boolean {
  return now.descriptors <= before.descriptors && now.threads <= before.threads;
}

async function captureIn(folder: string): Promise<string> {
  const file = path.join(folder, 'in.pcap');
  await writeFile(file, pcapFile({ packets: numbered(3) }));
  return file;
}
