/* oxlint-disable no-control-regex -- they are what this is about */

/**
 * A text of somebody else's, such as a broker's, as a terminal may show it: control characters as `\xNN`, so that none
 * moves the cursor, colours the screen or worse. Line ends stay.
 */
export function printable(text: string): string {
  return text.replace(
    /[\x00-\x09\x0b-\x1f\x7f-\x9f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** The same for a text that is part of a line: its line ends are `\x0a`, so that nobody makes a line of their own. */
export function printableInLine(text: string): string {
  return printable(text).replaceAll('\n', '\\x0a');
}
