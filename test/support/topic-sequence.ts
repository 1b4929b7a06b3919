import { once } from 'node:events';

import { FrameSequence, numberOf } from './numbered-frames.js';
import { testBrokers } from './test-brokers.js';
import { spawnTied } from './tied-process.js';

/**
 * Follows the numbers of all frames in a topic with one partition. kcat reads them, a million in a second or two; all
 * of them have so many bytes.
 */
export async function topicSequence(
  topic: string,
  frameBytes: number,
): Promise<FrameSequence['account']> {
  const kcat = spawnTied(
    [
      'kcat',
      '-C',
      '-q',
      '-e',
      '-X',
      'log_level=0',
      '-b',
      testBrokers(),
      '-t',
      topic,
      '-o',
      'beginning',
      '-f',
      '%s',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const sequence = new FrameSequence();
  let rest: Buffer = Buffer.alloc(0);
  kcat.stdout?.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    for (; rest.length >= frameBytes; rest = rest.subarray(frameBytes))
      sequence.take(numberOf(rest));
  });
  const [status] = (await once(kcat, 'close')) as [number | null];
  if (status !== 0 || rest.length > 0)
    throw new Error(`kcat ended with status ${status}, and ${rest.length} bytes were left`);
  return sequence.account;
}
