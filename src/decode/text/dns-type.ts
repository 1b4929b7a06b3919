import type { Line } from './line.js';

const INTERNET = 1;
/** Multicast DNS uses the highest bit of a class: of a question and of an answer (RFC 6762). */
export const UNICAST_OR_FLUSH = 0x8000;

/** Types of records (RFC 1035 and later, IANA's registry). */
const TYPES: Readonly<Record<number, string>> = {
  ...{ 1: 'A', 2: 'NS', 3: 'MD', 4: 'MF', 5: 'CNAME', 6: 'SOA', 7: 'MB', 8: 'MG', 9: 'MR' },
  ...{ 10: 'NULL', 11: 'WKS', 12: 'PTR', 13: 'HINFO', 14: 'MINFO', 15: 'MX', 16: 'TXT' },
  ...{ 17: 'RP', 18: 'AFSDB', 19: 'X25', 20: 'ISDN', 21: 'RT', 22: 'NSAP', 23: 'NSAP_PTR' },
  ...{ 24: 'SIG', 25: 'KEY', 26: 'PX', 27: 'GPOS', 28: 'AAAA', 29: 'LOC', 30: 'NXT', 31: 'EID' },
  ...{ 32: 'NIMLOC', 33: 'SRV', 34: 'ATMA', 35: 'NAPTR', 36: 'KX', 37: 'CERT', 38: 'A6' },
  ...{ 39: 'DNAME', 40: 'SINK', 41: 'OPT', 42: 'APL', 43: 'DS', 44: 'SSHFP', 45: 'IPSECKEY' },
  ...{ 46: 'RRSIG', 47: 'NSEC', 48: 'DNSKEY', 49: 'DHCID', 50: 'NSEC3', 51: 'NSEC3PARAM' },
  ...{ 52: 'TLSA', 53: 'SMIMEA', 55: 'HIP', 59: 'CDS', 60: 'CDNSKEY', 61: 'OPENPGPKEY' },
  ...{ 62: 'CSYNC', 63: 'ZONEMD', 64: 'SVCB', 65: 'HTTPS', 99: 'SPF', 108: 'EUI48' },
  ...{ 109: 'EUI64', 249: 'TKEY', 250: 'TSIG', 251: 'IXFR', 252: 'AXFR', 253: 'MAILB' },
  ...{ 254: 'MAILA', 255: 'ANY', 256: 'URI', 257: 'CAA' },
};
/** Classes of records. */
const CLASSES: Readonly<Record<number, string>> = { 3: ' CHAOS', 4: ' HS', 255: ' ANY' };

/** A record's type by its name, or its number. */
export function printType(line: Line, type: number): void {
  const name = TYPES[type];
  line.text(name ?? 'Type');
  if (name === undefined) line.decimal(type);
}

/** A record's class, unless it is the Internet's. */
export function printClass(line: Line, value: number): void {
  if (value === INTERNET) return;
  const name = CLASSES[value];
  line.text(name ?? ' (Class ');
  if (name !== undefined) return;
  line.decimal(value);
  line.character(0x29);
}
