import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { capturingAgent } from '../support/capturing-agent.js';
import { fastFlood } from '../support/fast-traffic.js';
import { readPcap } from '../support/pcap-file.js';
import { pcapSequence } from '../support/pcap-sequence.js';
import { afterTraffic, flood } from '../support/traffic.js';
import { noVeth, vethPair } from '../support/veth.js';

interface Captured {
  readonly captures: readonly {
    readonly file: string;
    readonly packets: number;
    readonly ended_by: string;
    readonly drops: unknown;
  }[];
}

/** An agent that is asked for captures over its socket. */
async function askedAgent(t: TestContext, general: object = {}) {
  const agent = await capturingAgent(t, { general });
  return {
    ...agent,
    capture: async (message: object) => {
      const { captures } = (await agent.answer('capture', message)) as unknown as Captured;
      const [capture] = captures;
      assert.ok(capture, agent.run.stderr);
      return { ...capture, path: path.join(agent.captures, capture.file) };
    },
  };
}

test(
  '200,000 packets a second for five seconds are all in the capture',
  { skip: noVeth },
  async (t) => {
    const veth = await vethPair(t);
    const agent = await askedAgent(t, { maxpackets: 2_000_000, maxbytes: 200_000_000 });
    const load = { packetsPerSecond: 200_000, frameBytes: 100, seconds: 5 };
    const captured = agent.capture({ node: 'any', interface: [veth.inside], packets: 1_000_000 });
    await agent.run.waitForLog(({ event }) => event === 'capture-started');
    const { packets, packetsPerSecond } = await fastFlood(veth, load);
    t.diagnostic(`${packets} packets at ${Math.round(packetsPerSecond)} a second`);
    const { packets: found, drops, ended_by: by, path: file } = await captured;
    assert.deepEqual([found, drops, by], [packets, { kernel: 0, interface: 0 }, 'packets']);
    assert.deepEqual(pcapSequence(await readFile(file)), {
      ...{ frames: packets, missing: 0, repeated: 0 },
    });
  },
);

test(
  'less than 100 ms pass from a message to its first packet, in the median',
  { skip: noVeth },
  async (t) => {
    const veth = await vethPair(t);
    const agent = await askedAgent(t);
    // A packet each half millisecond, for longer than the captures take.
    const sending = flood(veth, { packetsPerSecond: 2000, frameBytes: 100, seconds: 4 });
    await afterTraffic(veth, 100);
    const waits: number[] = [];
    for (let number = 0; number < 11; number++) {
      const askedAt = Date.now();
      const { path: file } = await agent.capture({
        ...{ node: 'any', interface: [veth.inside], packets: 1 },
      });
      const [first] = readPcap(await readFile(file)).packets;
      assert.ok(first);
      waits.push(first.seconds * 1000 + first.fraction / 1000 - askedAt);
    }
    await sending;
    waits.sort((a, b) => a - b);
    const said = waits.map((ms) => ms.toFixed(0)).join(', ');
    t.diagnostic(`${said} ms`);
    assert.ok(waits.every((ms) => ms > -1) && Number(waits[5]) < 100, said);
  },
);
