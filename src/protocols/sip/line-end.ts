import { LF } from './ascii.js';

const NO_WORDS: Int32Array = new Int32Array(0);

/** The bytes that were searched last, and all memory that they are part of, in words of four bytes. */
let searched: Buffer | undefined;
let words: Int32Array = NO_WORDS;
let firstByte = 0;

/**
 * Where the first LF in [at, end) is; -1 where there is none.
 *
 * Most of the bytes of a message are looked at only to find where their line ends: four at a time where the same memory
 * is searched again and again, as a batch of packets is.
 */
export function indexOfLineEnd(bytes: Buffer, at: number, end: number): number {
  if (bytes !== searched) {
    searched = bytes;
    words = NO_WORDS;
  } else if (end - at > 16) {
    if (words.length === 0) useWordsOf(bytes);
    // Up to the beginning of a word.
    const offset = firstByte;
    while (((offset + at) & 3) !== 0) {
      if (bytes[at] === LF) return at;
      at++;
    }
    const first = (offset + at) >> 2;
    const all = words;
    const last = Math.min((offset + end) >> 2, all.length);
    let word = first;
    while (word < last) {
      const difference = (all[word] ?? 0) ^ 0x0a0a0a0a;
      // Not zero where one of the four bytes is an LF.
      if (((difference - 0x01010101) & ~difference & 0x80808080) !== 0) break;
      word++;
    }
    at += (word - first) << 2;
  }
  while (at < end) {
    if (bytes[at] === LF) return at;
    at++;
  }
  return -1;
}

function useWordsOf(bytes: Buffer): void {
  words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
  firstByte = bytes.byteOffset;
}
