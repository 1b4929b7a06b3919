/** Frames of conversations, written by the books: IEEE 802.1Q, RFC 791, RFC 8200, the tcpdump.org registry. */

export interface Endpoint {
  /** Six bytes. */
  readonly mac: Buffer;
  /** Four bytes or 16. */
  readonly address: Buffer;
  readonly port: number;
}

/** Which bytes of which datagram a fragment holds. */
export interface Fragment {
  readonly identification: number;
  /** Where it begins, in units of 8 bytes. */
  readonly offset: number;
  /** Whether others follow. */
  readonly more: boolean;
}

export interface FrameParts {
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** IP's number of what is inside. */
  readonly protocol: number;
  readonly linkType?: number;
  /** TPIDs of the VLAN tags, the outermost first. */
  readonly tags?: readonly number[];
  /** IPv4: how many words of options; IPv6: the types of the extension headers. */
  readonly options?: number;
  readonly extensions?: readonly number[];
  readonly fragment?: Fragment | undefined;
  /** What follows the ports, or the IP header of a fragment that is not the first. */
  readonly payload?: Buffer;
}

export const ETHERNET = 1;
export const LINUX_SLL = 113;
export const LINUX_SLL2 = 276;
/** Those, and RAW, NULL and LOOP. */
export const LINK_TYPES = [ETHERNET, LINUX_SLL, LINUX_SLL2, 101, 0, 108] as const;

const FRAGMENT = 44;
const AUTHENTICATION = 51;

/** A frame from one end to the other, without anything after the IP packet. */
export function frameOf({ linkType = ETHERNET, tags = [], ...parts }: FrameParts): Buffer {
  const ip = parts.from.address.length === 4 ? ipv4(parts) : ipv6(parts);
  const types = [...tags, parts.from.address.length === 4 ? 0x0800 : 0x86dd];
  const [type = 0, ...inner] = types;
  const tagged = Buffer.concat([...inner.flatMap((next) => [uint16(7), uint16(next)]), ip]);
  switch (linkType) {
    case ETHERNET:
      return Buffer.concat([parts.to.mac, parts.from.mac, uint16(type), tagged]);
    case LINUX_SLL:
      return Buffer.concat([
        Buffer.from('000000010006', 'hex'),
        sllAddress(parts),
        uint16(type),
        tagged,
      ]);
    case LINUX_SLL2:
      return Buffer.concat([
        uint16(type),
        Buffer.from('00000000000200010006', 'hex'),
        sllAddress(parts),
        tagged,
      ]);
    case 0:
    case 108:
      return Buffer.concat([family(parts, linkType), ip]);
    default:
      return ip;
  }
}

/** A frame that is no IP. */
export function arpFrame({ from, to }: Pick<FrameParts, 'from' | 'to'>): Buffer {
  return Buffer.concat([to.mac, from.mac, uint16(0x0806), Buffer.alloc(28)]);
}

function ipv4({ from, to, protocol, options = 0, fragment, ...parts }: FrameParts): Buffer {
  const header = Buffer.alloc(20 + 4 * options, 1);
  header[0] = 0x40 | (header.length / 4);
  header.writeUInt16BE(fragment?.identification ?? 0, 4);
  header.writeUInt16BE((fragment?.more === true ? 0x2000 : 0) | (fragment?.offset ?? 0), 6);
  header[9] = protocol;
  from.address.copy(header, 12);
  to.address.copy(header, 16);
  return Buffer.concat([header, transport({ from, to, protocol, fragment, ...parts })]);
}

function ipv6({ from, to, protocol, extensions = [], fragment, ...parts }: FrameParts): Buffer {
  const types = fragment ? [...extensions, FRAGMENT] : extensions;
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header[6] = types[0] ?? protocol;
  from.address.copy(header, 8);
  to.address.copy(header, 24);
  const chain = types.map((type, index) => {
    const next = types[index + 1] ?? protocol;
    if (type === FRAGMENT && fragment) return fragmentHeader(next, fragment);
    // AH counts words less two, the others 8 bytes less one.
    const bytes = type === AUTHENTICATION ? Buffer.alloc(12, 1) : Buffer.alloc(16, 1);
    bytes[0] = next;
    return bytes;
  });
  return Buffer.concat([header, ...chain, transport({ from, to, protocol, fragment, ...parts })]);
}

function fragmentHeader(next: number, { identification, offset, more }: Fragment): Buffer {
  const header = Buffer.alloc(8);
  header[0] = next;
  header.writeUInt16BE((offset << 3) | (more ? 1 : 0), 2);
  header.writeUInt32BE(identification, 4);
  return header;
}

function transport({ from, to, fragment, payload = Buffer.alloc(0) }: FrameParts): Buffer {
  if (fragment && fragment.offset > 0) return payload;
  return Buffer.concat([uint16(from.port), uint16(to.port), payload]);
}

/** AF_INET or AF_INET6 of Linux: of a LOOP big-endian, of a NULL as a little-endian machine has it. */
function family({ from }: FrameParts, linkType: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes[linkType === 0 ? 0 : 3] = from.address.length === 4 ? 2 : 10;
  return bytes;
}

function sllAddress({ from }: FrameParts): Buffer {
  return Buffer.concat([from.mac, Buffer.alloc(2)]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
