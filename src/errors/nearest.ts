import { distance } from 'fastest-levenshtein';

/**
 * The name most like a misspelt one, if one is near enough that it may have been meant: of its letters no more than half
 * may differ, or of a short one `lo` would be any two letters.
 */
export function nearest(misspelt: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((name) => ({ name, edits: slips(misspelt, name) }))
    .sort((a, b) => a.edits - b.edits);
  if (!best || best.edits > best.name.length / 2) return undefined;
  return best.edits <= Math.max(2, Math.ceil(misspelt.length / 3)) ? best.name : undefined;
}

/** Letters that are wrong, missing or too many; two that changed places are one slip. */
function slips(misspelt: string, name: string): number {
  let at = 0;
  while (at < name.length && name[at] === misspelt[at]) at++;
  const swapped = `${name.slice(0, at)}${name[at + 1] ?? ''}${name[at] ?? ''}${name.slice(at + 2)}`;
  return swapped === misspelt && misspelt !== name ? 1 : distance(misspelt, name);
}
