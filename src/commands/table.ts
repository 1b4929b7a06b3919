/** Between columns. */
const GAP = '  ';
/** The least that the last column may have; where there is less, it stands below its row. */
const LEAST_ROOM = 24;
const BELOW = '    ';

/**
 * Lines of text in columns under their titles. All columns are as wide as their longest text but the last one, which is
 * wrapped where the terminal ends.
 *
 * @param width the terminal's columns; undefined where there is none, and nothing is wrapped
 */
export function tableText(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string {
  const lines = [titles, ...rows];
  const widths = titles
    .slice(0, -1)
    .map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)));
  const left = widths.reduce((sum, column) => sum + column + GAP.length, 0);
  const room = width === undefined ? Infinity : width - left;
  const isBelow = room < LEAST_ROOM;
  const indent = isBelow ? BELOW : ' '.repeat(left);
  const lineOf = (cells: readonly string[]) => {
    const first = widths.map((columns, index) => (cells[index] ?? '').padEnd(columns)).join(GAP);
    const last = cells[titles.length - 1] ?? '';
    const wrapped = wrap(last, isBelow ? (width ?? 0) - BELOW.length : room);
    if (isBelow) return [first.trimEnd(), ...wrapped.map((text) => indent + text)].join('\n');
    const [beside = '', ...below] = wrapped;
    const head = (first + (first === '' ? '' : GAP) + beside).trimEnd();
    return [head, ...below.map((text) => indent + text)].join('\n');
  };
  return lines.map((cells) => `${lineOf(cells)}\n`).join('');
}

/** The text in lines of at most so many characters, but for words that are longer. Of an empty text, none. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').filter((part) => part !== '')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
