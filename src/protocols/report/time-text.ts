import type { JsonBytes } from '../json-bytes.js';

const DAY = 86_400;
const DASH = Buffer.from('-');
const COLON = Buffer.from(':');
const LETTER_T = Buffer.from('T');
const LETTER_Z = Buffer.from('Z');
const DOT = Buffer.from('.');

/**
 * Writes a time as RFC 3339 has it, in UTC, with the fraction's trailing zeros left out: `2023-11-14T22:13:20.5Z`.
 *
 * @param seconds since 1970
 */
export function writeTime(json: JsonBytes, seconds: number, microseconds: number): void {
  const days = Math.floor(seconds / DAY);
  writeDate(json, days);
  json.raw(LETTER_T);
  const ofDay = seconds - days * DAY;
  json.padded(Math.floor(ofDay / 3600), 2);
  json.raw(COLON);
  json.padded(Math.floor(ofDay / 60) % 60, 2);
  json.raw(COLON);
  json.padded(ofDay % 60, 2);
  writeFraction(json, microseconds);
  json.raw(LETTER_Z);
}

function writeFraction(json: JsonBytes, microseconds: number): void {
  if (microseconds === 0) return;
  let digits = 6;
  while (microseconds % 10 === 0) {
    microseconds /= 10;
    digits--;
  }
  json.raw(DOT);
  json.padded(microseconds, digits);
}

/** Years that begin in March have their leap day last: so months and years follow from the day's number. */
function writeDate(json: JsonBytes, daysSince1970: number): void {
  const days = daysSince1970 + 719_468;
  const era = Math.floor(days / 146_097);
  const ofEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) /
      365,
  );
  const ofYear =
    ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const month = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * month + 2) / 5) + 1;
  const year = yearOfEra + era * 400 + (month >= 10 ? 1 : 0);
  json.padded(year, 4);
  json.raw(DASH);
  json.padded(month < 10 ? month + 3 : month - 9, 2);
  json.raw(DASH);
  json.padded(day, 2);
}
