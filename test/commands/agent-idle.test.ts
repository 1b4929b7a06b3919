import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { runningAgent } from '../support/running-agent.js';
import { freePort } from '../support/free-port.js';
import { testBrokers } from '../support/test-brokers.js';
import { threadSeconds } from '../support/thread-time.js';
import { freshTopic } from '../support/topic.js';
import { noVeth } from '../support/veth.js';
import { waitFor } from '../support/wait-for.js';

const MB = 1e6;
const MIB = 1024 ** 2;
const RING_MIB = 2;
const MORE_TASKS = 10;
const WINDOW_MS = 2000;

async function residentBytes(pid: number): Promise<number> {
  const [, kib = NaN] =
    /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** Of one core, over a while. */
async function share(pid: number): Promise<number> {
  const [before, from] = [await threadSeconds(pid, ''), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, WINDOW_MS));
  const seconds = (performance.now() - from) / 1000;
  return ((await threadSeconds(pid, '')) - before) / seconds;
}

test(
  'an idle agent takes less than 100 MB and 0.5 % of a core, and each idle task less than 12 MB',
  { skip: noVeth },
  async (t) => {
    const [topic, response_topic] = [await freshTopic(t), await freshTopic(t)];
    const agent = await runningAgent(t, {
      configuration: {
        kafka: { brokers: [testBrokers()] },
        command_channel: { enabled: true, kafka: { topic, response_topic } },
        metrics: { listen: `127.0.0.1:${await freePort()}` },
      },
    });
    const { pid } = agent.run;
    // Once it has begun, and joined its group.
    const isIdle = async () => (await share(pid)) < 0.005;
    await waitFor(isIdle, { limitMs: 60_000, what: 'less than 0.5 % of a core' });
    const idle = await residentBytes(pid);
    t.diagnostic(`${(idle / MB).toFixed(1)} MB`);
    assert.ok(idle < 100 * MB, `${idle / MB} MB`);

    const create = (index: number) =>
      agent.answer('task_create', {
        config: {
          ...{ id: `idle-${index}`, parsers: ['sip'] },
          capture: {
            ...{ name: 'afpacket', interface: 'lo', bpf_filter: 'udp port 9' },
            config: { buffer_mib: RING_MIB },
          },
          reporters: [{ name: 'hep', config: { servers: ['127.0.0.1:9'] } }],
        },
      });
    // The first one brings the code for it.
    await create(0);
    const one = await residentBytes(pid);
    for (let index = 1; index <= MORE_TASKS; index++) await create(index);
    const each = ((await residentBytes(pid)) - one) / MORE_TASKS;
    t.diagnostic(`${(each / MB).toFixed(1)} MB a task, ${RING_MIB} MiB of them its ring`);
    assert.ok(each < RING_MIB * MIB + 12 * MB, `${each / MB} MB`);
    await waitFor(isIdle, { limitMs: 60_000, what: 'less than 0.5 % of a core' });
  },
);
