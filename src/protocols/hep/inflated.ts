import { inflateSync } from 'node:zlib';

/** What zlib has compressed; undefined where it is damaged, or longer than so many bytes. */
export function inflated(bytes: Buffer, mostBytes: number): Buffer | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: mostBytes });
  } catch {
    return undefined;
  }
}
