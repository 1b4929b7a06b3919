import type { TestContext } from 'node:test';

import { FileSource } from '#kcap/sources/file.js';

/** The packets of these files; they are closed when the test ends, if not before. */
export async function opened(
  t: TestContext,
  files: readonly string[],
  linkType?: number,
): Promise<FileSource> {
  const source = await FileSource.open(files, linkType);
  t.after(() => source.close());
  return source;
}
