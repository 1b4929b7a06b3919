import { FrameSequence, numberOf } from './numbered-frames.js';
import { readPcap } from './pcap-file.js';

/** Follows the numbers of the frames in these pcap files, one file after the other. */
export function pcapSequence(...files: readonly Buffer[]): FrameSequence['account'] {
  const sequence = new FrameSequence();
  for (const file of files)
    for (const { frame } of readPcap(file).packets) sequence.take(numberOf(frame));
  return sequence.account;
}
