import { addon } from '../addon/addon.js';
import { usageError } from '../errors/user-error.js';

/** Above all numbers of the registry: https://www.tcpdump.org/linktypes.html. */
const MOST_NAMED = 512;

/**
 * The LINKTYPE_ number of a name as libpcap knows it (EN10MB, LINUX_SLL …) or of a decimal number; throws a usage
 * error for anything else.
 */
export function parseLinkType(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : addon.linkTypeOfName(text);
  if (number === undefined || number > 0xffff)
    throw usageError(
      `-y ${text}`,
      'no such link type',
      'use a name such as EN10MB, LINUX_SLL or IEEE802_11_RADIO, or the number of a LINKTYPE_',
    );
  return number;
}

/** libpcap's name of a link type, or its number. */
export function linkTypeName(linkType: number): string {
  return addon.linkTypeName(linkType) ?? String(linkType);
}

/** libpcap's names of all link types that it has one for. */
export function linkTypeNames(): string[] {
  return Array.from({ length: MOST_NAMED }, (_, linkType) => addon.linkTypeName(linkType)).filter(
    (name) => name !== undefined,
  );
}
