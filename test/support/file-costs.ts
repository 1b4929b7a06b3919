import { readFile } from 'node:fs/promises';

/** The environment variable that names the file to which each test file's process adds its own `FileCost`. */
export const COSTS_FILE = 'KCAP_TEST_COSTS';

/** What a test file has cost: its process, and the processes that it has started. */
export interface FileCost {
  readonly file: string;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

/**
 * What a lane's files have cost, as lines for people: the lane, then its files, the dearest first. The Kafka that all of
 * them share is not in it.
 */
export async function costTable(
  files: readonly string[],
  { costsFile, wallSeconds }: { readonly costsFile: string; readonly wallSeconds: number },
): Promise<string> {
  const lines = (await readFile(costsFile, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  const costs = lines
    .map((line) => JSON.parse(line) as FileCost)
    .filter(({ file }) => files.includes(file))
    .sort((a, b) => b.cpuSeconds - a.cpuSeconds);
  const cpuSeconds = costs.reduce((sum, cost) => sum + cost.cpuSeconds, 0);
  const total = { wallSeconds, cpuSeconds, file: `${costs.length} of ${files.length} files` };
  return [
    '    CPU s   wall s',
    ...[total, ...costs].map((cost) =>
      [
        cost.cpuSeconds.toFixed(1).padStart(9),
        cost.wallSeconds.toFixed(1).padStart(9),
        ` ${cost.file.replace(/^.*\/dist-test\//, '')}`,
      ].join(''),
    ),
  ].join('\n');
}
