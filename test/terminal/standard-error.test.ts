import assert from 'node:assert/strict';
import { open, type FileHandle } from 'node:fs/promises';
import { describe, test, type TestContext } from 'node:test';

import { StandardError } from '#kcap/terminal/standard-error.js';
import { idleReader, namedPipe } from '#support/files/reader.js';

import { kcap } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { pcapFile } from '../support/pcap-file.js';
import { testBrokers } from '../support/test-brokers.js';
import { countMessages, freshTopic } from '../support/topic.js';
import { waitFor } from '../support/wait-for.js';

const PACKETS = 100;
const CAPTURE = pcapFile({
  packets: Array.from({ length: PACKETS }, (_, index) => ({
    seconds: 1_700_000_000,
    fraction: index,
    frame: Buffer.alloc(60),
  })),
});

/** A pseudo-terminal as standard error, which goes away at SIGUSR1; then kcap gets a SIGINT. */
const AT_A_TERMINAL = `
import os, pty, signal, subprocess, sys
master, slave = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stderr=slave)
os.close(slave)
def close(*_):
    os.close(master)
    child.send_signal(signal.SIGINT)
signal.signal(signal.SIGUSR1, close)
sys.exit(child.wait())
`;

describe('a run whose log cannot be written', () => {
  for (const format of ['json', 'text']) {
    test(`delivers everything when the disk of its log is full (${format})`, async (t) => {
      const topic = await freshTopic(t);
      const run = sending(t, topic, ['--log-format', format], '2>/dev/full');
      run.stdin.end(CAPTURE);
      // The summary could not be written either: the status says so.
      assert.equal((await run.exit).status, 1);
      assert.equal(await countMessages(topic), PACKETS);
    });

    test(`delivers everything and heeds SIGINT when nobody reads its log (${format})`, async (t) => {
      const topic = await freshTopic(t);
      const pipe = await namedPipe(t);
      const reader = await idleReader(t, pipe);
      const much = ['-ll', 'DEBUG', '-X', 'debug=all', '--log-format', format, '-X', 'linger.ms=0'];
      const run = sending(t, topic, [...much, '-pp', '1'], `2>${pipe}`);
      run.stdin.write(CAPTURE);
      await toSay(run, `Packet delivered[${PACKETS}]`);
      run.signal('SIGINT');
      const asked = performance.now();
      assert.equal((await run.exit).status, 1);
      assert.ok(performance.now() - asked < 5000);
      assert.equal(await countMessages(topic), PACKETS);
      // All that it holds, but for the ends of its pages.
      assert.ok((await readAll(reader)).length > 60_000, 'the pipe was full');
    });
  }

  test('delivers everything when its terminal goes away', async (t) => {
    const topic = await freshTopic(t);
    const run = kcap(t, [...producer(topic), '-pp', '1', '-X', 'linger.ms=1000'], {
      stdin: 'open',
      under: ['python3', '-c', AT_A_TERMINAL],
    });
    run.stdin.write(CAPTURE);
    await toSay(run, `Packet received[${PACKETS}]`);
    run.signal('SIGUSR1');
    assert.equal((await run.exit).status, 1);
    assert.equal(await countMessages(topic), PACKETS);
  });
});

describe('standard error that takes nothing for a while', () => {
  test('keeps the newest lines, and says how many it has dropped', async (t) => {
    const { output, reader } = await stalled(t);
    for (let line = 0; line < 1000; line++) output.write(numbered(line));
    const before = await readUntil(reader, numbered(999));
    output.write('after\n');
    const after = await readUntil(reader, 'after\n');
    // It is said as soon as there is room again, which may be before the last line.
    assert.match(after, /^(kcap: '\d+' line\(s\) of the log were dropped: .*\n)?after\n$/);
    const dropped = [...`${before}${after}`.matchAll(/'(\d+)' line\(s\) of the log/g)].map(
      ([, count]) => Number(count),
    );
    assert.ok(dropped.length > 0, 'something was dropped');
    const written = [...before.matchAll(/^\d{199}$/gm)].length;
    assert.equal(written + dropped.reduce((sum, count) => sum + count, 0), 1000);
  });

  test('has the last words waited for, and no longer than a second', async (t) => {
    const { output, reader } = await stalled(t);
    output.write('x'.repeat(100_000));
    const start = performance.now();
    assert.equal(
      output.insist(() => {
        output.write('last\n');
      }),
      false,
    );
    assert.ok(performance.now() - start < 3000);
    await readUntil(reader, 'last\n');
    assert.equal(
      output.insist(() => undefined),
      true,
    );
  });
});

test('a file that takes nothing for a while loses what was written then, and no more', async (t) => {
  const full = await open('/dev/full', 'w');
  t.after(() => full.close());
  const output = new StandardError(full.fd);
  output.write('lost\n');
  assert.equal(
    output.insist(() => {
      output.write('lost, too\n');
    }),
    false,
  );
});

function producer(topic: string): string[] {
  return ['-p', '-k', testBrokers(), '-t', topic, '-r', '-'];
}

/** A producer that reads standard input, with its standard error redirected by a shell. */
function sending(t: TestContext, topic: string, args: string[], redirection: string): KcapRun {
  return kcap(t, [...producer(topic), ...args], {
    stdin: 'open',
    under: ['sh', '-c', `exec "$@" ${redirection}`, 'sh'],
  });
}

async function toSay(run: KcapRun, line: string): Promise<void> {
  await waitFor(() => run.stdout.includes(line), { limitMs: 40_000, what: line });
}

function numbered(line: number): string {
  return `${String(line).padStart(199, '0')}\n`;
}

/** A pipe that nobody has read from yet, and a small queue before it. */
async function stalled(t: TestContext): Promise<{ output: StandardError; reader: FileHandle }> {
  const pipe = await namedPipe(t);
  const reader = await idleReader(t, pipe);
  const writer = await open(pipe, 'w');
  t.after(() => writer.close());
  return { output: new StandardError(writer.fd, 10_000), reader };
}

async function readAll(reader: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await reader.read(Buffer.alloc(1_000_000));
  return buffer.subarray(0, bytesRead);
}

/** What is read until it ends with this. */
async function readUntil(reader: FileHandle, end: string): Promise<string> {
  let text = '';
  while (!text.endsWith(end)) text += (await readAll(reader)).toString();
  return text;
}
