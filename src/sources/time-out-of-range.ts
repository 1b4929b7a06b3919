import type { Cause } from '../errors/cause.js';

/** Seconds before 1970 or past 32 bits: no record of a pcap file, and so no batch, can hold them. */
export const TIME_OUT_OF_RANGE: Cause = {
  id: 'time-out-of-range',
  fate: 'skipped',
  loss: true,
  text: 'a time that no pcap file can hold',
};
