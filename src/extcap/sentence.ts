/**
 * A line of extcap's grammar (extcap(4)): a word, then `{name=value}` for each field. Wireshark reads a value up to the
 * first `}` that a `{`, a blank or the line's end follows.
 */
export function sentence(
  word: 'extcap' | 'interface' | 'dlt' | 'arg' | 'value' | 'control',
  fields: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const written = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`{${name}=${inOneField(String(value))}}`],
  );
  return `${word} ${written.join('')}\n`;
}

/** Whether the value comes back from Wireshark as it is. */
export function isExact(value: string): boolean {
  return inOneField(value) === value;
}

/** Without what would end the field or the line. */
function inOneField(value: string): string {
  // oxlint-disable-next-line no-control-regex -- a line must stay one
  return value.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ').replace(/\}/g, ')');
}
