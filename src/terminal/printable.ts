/* eslint-disable no-control-regex -- they are what this is about */

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
