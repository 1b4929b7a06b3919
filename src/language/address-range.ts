import { isIP } from 'node:net';

import { ipAddressBytes } from '../protocols/ip-address.js';

/** IP addresses that begin with the same bits. */
export interface AddressRange {
  readonly network: Buffer;
  /** How many bits of it count. */
  readonly prefix: number;
}

/** Reads `192.0.2.0/24`, `2001:db8::/32` or one address; undefined where it is none of them. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [address = '', length, ...more] = text.split('/');
  if (isIP(address) === 0 || more.length > 0) return undefined;
  const network = ipAddressBytes(address);
  if (!network) return undefined;
  const bits = network.length * 8;
  if (length === undefined) return { network, prefix: bits };
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
  return prefix <= bits ? { network, prefix } : undefined;
}

/** Whether the address of so many bytes at `at` is in the range. */
export function isInRange(
  { network, prefix }: AddressRange,
  bytes: Buffer,
  at: number,
  length: number,
): boolean {
  if (length !== network.length) return false;
  const whole = prefix >> 3;
  for (let index = 0; index < whole; index++)
    if (bytes[at + index] !== network[index]) return false;
  const mask = (0xff00 >> (prefix & 7)) & 0xff;
  return (((bytes[at + whole] ?? 0) ^ (network[whole] ?? 0)) & mask) === 0;
}
