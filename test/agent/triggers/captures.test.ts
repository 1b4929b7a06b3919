import assert from 'node:assert/strict';
import { test } from 'node:test';

import { numberedFrame } from '../../support/numbered-frames.js';
import { sendFrames } from '../../support/traffic.js';
import { noVeth, vethPair } from '../../support/veth.js';
import { capturesRig } from './captures-rig.js';

const FRAMES = Array.from({ length: 20 }, (_, number) => numberedFrame(number, 60));
/** A header and a frame. */
const RECORD = 16 + 60;
const HEADER = 24;

for (const [limit, packets, endedBy] of [
  [{ packets: 7 }, 7, 'packets'],
  [{ bytes: 1 }, 1, 'bytes'],
  [{ bytes: HEADER + 3 * RECORD }, 3, 'bytes'],
  [{ bytes: HEADER + 3 * RECORD + 1 }, 4, 'bytes'],
  [{ packets: 4, bytes: HEADER + 3 * RECORD }, 3, 'bytes'],
  [{ timeout: 1 }, 20, 'timeout'],
  [{ duration: 1, timeout: 60 }, 20, 'duration'],
  [{ snap: 20, bytes: HEADER + 2 * (16 + 20) }, 2, 'bytes'],
] as const)
  test(
    `${JSON.stringify(limit)} ends a capture with packet ${packets}`,
    { skip: noVeth },
    async (t) => {
      const { inside, ...rest } = await vethPair(t);
      const { captures, taken, said } = await capturesRig(t);
      const message = { node: 'any', interface: [inside], alertid: 7, ...limit };
      const { answer } = captures.take('redis', JSON.stringify(message));
      const [started] = await said('capture-started');
      await sendFrames({ inside, ...rest }, FRAMES);
      const { captures: results } = await answer;
      const [file] = taken;
      const bytes = Buffer.concat(file?.chunks ?? []);
      const snap = 'snap' in limit ? limit.snap : 60;
      assert.equal(bytes.length, HEADER + packets * (16 + snap));
      for (let at = HEADER, number = 0; at < bytes.length; at += 16 + snap, number++)
        assert.deepEqual(
          bytes.subarray(at + 16, at + 16 + snap),
          FRAMES[number]?.subarray(0, snap),
        );
      const name = file?.name ?? '';
      assert.match(name, new RegExp(`^fw-${inside}-\\d{10}\\.pcap$`));
      const tags = `alertid:7,node:fw,interface:${inside},snaplength:${'snap' in limit ? limit.snap : 500}`;
      assert.equal(file?.tags, tags);
      assert.deepEqual(results, [
        {
          ...{ interface: inside, result: 'sent', file: name, tags, bytes: bytes.length, packets },
          ...{ drops: { kernel: 0, interface: 0 }, ended_by: endedBy },
          targets: [{ target: 's3', where: `s3://pcaps/${name}`, result: 'sent' }],
        },
      ]);
      assert.equal(started?.['file'], name);
      const [ended] = await said('capture-ended');
      assert.equal(ended?.['packets_out'], packets);
      assert.deepEqual([...captures.counts()], [{ source: 'redis', result: 'sent', count: 1 }]);
    },
  );

test('sends nothing where no packet came', { skip: noVeth }, async (t) => {
  const { inside } = await vethPair(t);
  const { captures, taken } = await capturesRig(t);
  const message = { node: 'any', interface: [inside], timeout: 1, bpf: 'udp' };
  const { captures: results } = await captures.take('kafka', JSON.stringify(message)).answer;
  assert.deepEqual(
    results.map(({ result, packets, targets }) => ({ result, packets, targets })),
    [{ result: 'empty', packets: 0, targets: [] }],
  );
  assert.deepEqual(taken, []);
});

test(
  'writes pcapng with nanoseconds, and logs packets where asked to',
  { skip: noVeth },
  async (t) => {
    const veth = await vethPair(t);
    const { captures, taken, said } = await capturesRig(t, { format: 'pcapng' });
    const message = { node: 'any', interface: [veth.inside], packets: 2, packetdebug: true };
    const { answer } = captures.take('socket', JSON.stringify(message));
    await said('capture-started');
    await sendFrames(veth, FRAMES);
    const [result] = (await answer).captures;
    assert.match(result?.file ?? '', /\.pcapng$/);
    const bytes = Buffer.concat(taken[0]?.chunks ?? []);
    assert.equal(bytes.readUInt32LE(0), 0x0a0d0d0a);
    assert.equal(bytes.length, result?.bytes);
    const lines = await said('packet', 2);
    assert.match(lines[0]?.msg ?? '', /0x88b5|88b5/);
  },
);

test('an interface that is not there fails alone', { skip: noVeth }, async (t) => {
  const veth = await vethPair(t);
  const { captures, said } = await capturesRig(t);
  const message = { node: 'any', interface: ['nosuch0', veth.inside], packets: 1 };
  const { answer } = captures.take('redis', JSON.stringify(message));
  await said('capture-started');
  await sendFrames(veth, FRAMES);
  const { captures: results } = await answer;
  assert.deepEqual(
    results.map(({ result, error }) => [result, error]),
    [
      ['failed', 'capture on nosuch0: no such interface'],
      ['sent', undefined],
    ],
  );
});

test(
  'captures so many at once; the others wait in order, and none is lost',
  { skip: noVeth },
  async (t) => {
    const veth = await vethPair(t);
    const rig = await capturesRig(t, {}, 4);
    rig.shut();
    const messages = Array.from({ length: 30 }, (_, number) =>
      rig.captures.take(
        'redis',
        JSON.stringify({ node: 'any', interface: [veth.inside], packets: 1, alertid: number + 1 }),
      ),
    );
    await rig.said('capture-started', 4);
    await sendFrames(veth, FRAMES);
    // Their turn lasts until their files have been sent.
    let begun = 0;
    for (const { takenUp } of messages) void takenUp.then(() => begun++);
    rig.open();
    for (let batch = 2; batch * 4 <= 28; batch++) {
      await rig.said('capture-started', batch * 4);
      assert.ok(rig.taken.length >= (batch - 1) * 4);
      await sendFrames(veth, FRAMES);
    }
    await rig.said('capture-started', 30);
    await sendFrames(veth, FRAMES);
    const answers = await Promise.all(messages.map(({ answer }) => answer));
    assert.ok(answers.every(({ captures: [only] }) => only?.result === 'sent'));
    assert.equal(begun, 30);
    const alerts = rig.taken.map(({ tags }) => Number(/alertid:(\d+)/.exec(tags)?.[1]));
    assert.deepEqual(
      alerts.toSorted((a, b) => a - b),
      messages.map((_, index) => index + 1),
    );
    // Within four of each other, as they were begun.
    alerts.forEach((alert, index) => {
      assert.ok(Math.abs(alert - index - 1) < 4, String(alerts));
    });
    assert.equal(new Set(rig.taken.map(({ name }) => name)).size, 30);
  },
);

test(
  'captures wait for the memory of others, and are refused where tasks leave too little',
  { skip: noVeth },
  async (t) => {
    const veth = await vethPair(t);
    const MIB = 2 ** 20;
    let left = 95 * MIB;
    const memory = { boundBytes: () => 120 * MIB, leftBytes: () => left };
    const { captures, said } = await capturesRig(t, {}, 10, memory);
    const take = (bytes: number, alertid: number) => {
      const message = { node: 'any', interface: [veth.inside], packets: 1, bytes, alertid };
      return captures.take('redis', JSON.stringify(message)).answer;
    };
    // A ring of 4 MiB besides.
    const first = take(70 * MIB, 1);
    const second = take(40 * MIB, 2);
    const third = take(20 * MIB, 3);
    await said('capture-started', 1);
    assert.equal(captures.memoryBytes, 74 * MIB);
    const ring = 'and a ring of 4 MiB are above';
    const noRoom = `${veth.inside}: bytes: 100000000 ${ring} what tasks leave (95 MiB) of resources.max_memory (120 MiB)`;
    assert.deepEqual((await take(100_000_000, 4)).refused, [noRoom]);
    left = 30 * MIB;
    await sendFrames(veth, FRAMES);
    assert.equal((await first).captures[0]?.result, 'sent');
    // Tasks have begun meanwhile: there is no room for the second any more, whoever ends.
    assert.match(String((await second).captures[0]?.error), /^bytes: 41943040 and a ring of 4 MiB/);
    await said('capture-started', 2);
    await sendFrames(veth, FRAMES);
    assert.equal((await third).captures[0]?.result, 'sent');
    assert.equal(captures.memoryBytes, 0);
  },
);

test('refuses what would wait behind a hundred others', { skip: noVeth }, async (t) => {
  const { inside } = await vethPair(t);
  const aliases = new Map([['both', [inside, 'lo']]]);
  const { captures, said } = await capturesRig(t, { aliases }, 1);
  const first = captures.take('redis', JSON.stringify({ node: 'any', interface: [inside] }));
  await said('capture-started');
  const message = JSON.stringify({ node: 'any', alias: ['both'] });
  const others = captures.take('redis', `[${Array.from({ length: 51 }, () => message).join()}]`);
  const refused = await said('capture-refused', 2);
  const problems = [inside, 'lo'].map((name) => `${name}: 100 captures wait already`);
  assert.deepEqual(
    refused.map(({ msg }) => msg),
    problems.map((problem) => `capture message from redis refused: ${problem}`),
  );
  await captures.close();
  // What runs ends with what it has; what waits is not begun, and a channel that can keeps it.
  assert.equal((await first.answer).captures[0]?.ended_by, 'stop');
  assert.equal(await first.takenUp, true);
  assert.equal(await others.takenUp, false);
  const answer = await others.answer;
  assert.deepEqual(answer.refused, problems);
  assert.equal(answer.captures.length, 100);
  for (const { result, error } of answer.captures)
    assert.deepEqual(
      [result, error],
      ['failed', 'the agent stopped before there was a turn for it'],
    );
});

test('a stop ends a capture with what it has, and sends it', { skip: noVeth }, async (t) => {
  const veth = await vethPair(t);
  const { captures, taken, said } = await capturesRig(t);
  const message = { node: 'any', interface: [veth.inside] };
  const { answer } = captures.take('redis', JSON.stringify(message));
  await said('capture-started');
  await sendFrames(veth, FRAMES);
  await captures.close();
  const [result] = (await answer).captures;
  assert.equal(result?.ended_by, 'stop');
  assert.equal(result.packets, 20);
  assert.equal(taken.length, 1);
  const late = await captures.take('redis', JSON.stringify(message)).answer;
  assert.deepEqual(late.refused, [`${veth.inside}: the agent stops`]);
});

test('logs a message as it came where it, or the agent, is told to', async (t) => {
  const { captures, said } = await capturesRig(t);
  const message = JSON.stringify({ node: 'any', interface: ['nosuch0'], logrequest: true });
  await captures.take('sqs', message).answer;
  const [record] = await said('capture-message');
  assert.equal(record?.['message'], message);
});
