import type { Capture } from './capture.js';
import { pcapCorpus } from './pcap-corpus.js';
import { pcapngCorpus } from './pcapng-corpus.js';

/** Small captures, one for each link type, byte order, precision, block type and oddity, and what is read of them. */
export function corpus(): Capture[] {
  return [...pcapCorpus(), ...pcapngCorpus()];
}
