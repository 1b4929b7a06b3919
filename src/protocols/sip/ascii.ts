/** Characters of SIP's grammar (RFC 3261, section 25.1) as bytes. */
export const LF = 10;
export const CR = 13;
export const TAB = 9;
export const SPACE = 32;
export const QUOTE = 34;
export const COMMA = 44;
export const SLASH = 47;
export const COLON = 58;
export const SEMICOLON = 59;
export const LESS = 60;
export const GREATER = 62;
export const BACKSLASH = 92;

const TOKEN = new Uint8Array(256);
for (const character of "-.!%*_+`'~") TOKEN[character.charCodeAt(0)] = 1;
for (let byte = 0; byte < 128; byte++)
  if (/[A-Za-z0-9]/.test(String.fromCharCode(byte))) TOKEN[byte] = 1;

/** Whether methods and names of headers may have this byte. */
export function isToken(byte: number | undefined): boolean {
  return byte !== undefined && TOKEN[byte] === 1;
}

export function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

/** Blanks and line ends: what RFC 3261 calls LWS where a line is folded. */
export function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === CR || byte === LF;
}

/** Whether [start, end) is this text, given in lower case, whatever the case of the bytes. */
export function isAnyCase(bytes: Buffer, start: number, end: number, lower: string): boolean {
  if (end - start !== lower.length) return false;
  for (let index = 0; index < lower.length; index++) {
    const byte = bytes[start + index] ?? 0;
    const lowered = byte >= 65 && byte <= 90 ? byte + 32 : byte;
    if (lowered !== lower.charCodeAt(index)) return false;
  }
  return true;
}
