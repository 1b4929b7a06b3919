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
  const first = [...name].findIndex((letter, at) => letter !== misspelt[at]);
  const swapped =
    first >= 0 &&
    `${name.slice(0, first)}${name[first + 1] ?? ''}${name[first] ?? ''}${name.slice(first + 2)}`;
  return swapped === misspelt ? 1 : distance(misspelt, name);
}
