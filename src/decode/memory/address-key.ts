import { uint32 } from '../../protocols/network-order.js';
import type { PacketCursor } from '../cursor.js';

/** Words of a key that two addresses take. */
export const ADDRESS_WORDS = 8;

/** Writes the cursor's addresses, source first, into the words of a key from `word` on. */
export function writeAddresses(key: Int32Array, word: number, cursor: PacketCursor): void {
  const { bytes, sourceAt, destinationAt } = cursor;
  const words = cursor.ipVersion === 4 ? 1 : 4;
  for (let i = 0; i < words; i++) {
    key[word + i] = uint32(bytes, sourceAt + 4 * i);
    key[word + words + i] = uint32(bytes, destinationAt + 4 * i);
  }
  for (let i = 2 * words; i < ADDRESS_WORDS; i++) key[word + i] = 0;
}
