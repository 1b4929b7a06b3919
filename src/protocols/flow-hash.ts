import { type Passage, SCTP, TCP } from './passage.js';

/**
 * A number of a flow, 0 or more: the same whichever way it goes. The addresses lie one behind the other.
 *
 * @param at where the source address lies
 */
export function flowHash(
  bytes: Buffer,
  at: number,
  addressBytes: number,
  passage: Passage,
): number {
  const source = endHash(bytes, at, addressBytes, passage.sourcePort);
  const destination = endHash(bytes, at + addressBytes, addressBytes, passage.destinationPort);
  const isStream = passage.protocol === TCP || passage.protocol === SCTP;
  // Bits that are high in the product depend on all of the sum's.
  return Math.imul(source + destination + (isStream ? 1 : 0), 0x9e37_79b1) >>> 8;
}

function endHash(bytes: Buffer, at: number, addressBytes: number, port: number): number {
  let hash = port;
  for (let index = 0; index < addressBytes; index++)
    hash = (Math.imul(hash, 31) + (bytes[at + index] ?? 0)) | 0;
  return Math.imul(hash ^ (hash >>> 15), 0x85eb_ca6b);
}
