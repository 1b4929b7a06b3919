/** How the packets of a conversation are wrapped. */
export type Wrapping = 'plain' | 'VLAN' | 'two VLANs' | 'PPPoE';

const TAGS: Readonly<Record<Wrapping, string>> = {
  plain: '',
  VLAN: '81000005',
  'two VLANs': '81000005' + '81000006',
  PPPoE: '8864' + '110000010000',
};
const ADDRESS_BYTES = { 4: 4, 6: 16 } as const;
const UDP = 17;
const TCP = 6;

/** A packet of a conversation: the `turn`-th one, even turns one way and odd ones back. */
export interface Turn {
  readonly conversation: number;
  readonly turn: number;
}

export interface ConversationOptions {
  readonly ip?: 4 | 6;
  readonly protocol?: 'udp' | 'tcp';
  readonly wrapping?: Wrapping;
  /** Of IPv4: each third turn is a fragment, without ports, of a datagram whose first one came before. */
  readonly fragments?: boolean;
  /** At least 120 where it is given. */
  readonly frameBytes?: number;
}

/** An Ethernet frame of a conversation between two hosts of its own; turnOf() finds the turn in it again. */
export function turnFrame(
  { conversation, turn }: Turn,
  {
    ip = 4,
    protocol = 'udp',
    wrapping = 'plain',
    fragments = false,
    frameBytes = 120,
  }: ConversationOptions = {},
): Buffer {
  const isBack = turn % 2 === 1;
  const hosts = [host(conversation, 1, ip), host(conversation, 2, ip)];
  const ports = [portBytes(40_000 + (conversation % 20_000)), portBytes(5060)];
  if (isBack) for (const ends of [hosts, ports]) ends.reverse();
  const isFragment = fragments && ip === 4 && turn % 3 === 2;
  const number = protocol === 'tcp' ? TCP : UDP;
  const payload = Buffer.concat(isFragment ? [Buffer.alloc(20)] : [...ports, Buffer.alloc(16)]);
  const header = ip === 4 ? ipv4(number, isFragment) : ipv6(number);
  const parts: Buffer[] = [Buffer.from('020000000002020000000001' + TAGS[wrapping], 'hex')];
  parts.push(Buffer.from(etherType(ip, wrapping), 'hex'), header, ...hosts, payload);
  const frame = Buffer.alloc(frameBytes);
  Buffer.concat(parts).copy(frame);
  frame.writeUInt32BE(conversation, frameBytes - 8);
  frame.writeUInt32BE(turn, frameBytes - 4);
  return frame;
}

/** Which turn a frame is. */
export function turnOf(frame: Buffer): Turn {
  return {
    conversation: frame.readUInt32BE(frame.length - 8),
    turn: frame.readUInt32BE(frame.length - 4),
  };
}

/** The turns of so many conversations, which take turns themselves. */
export function turns(conversations: number, each: number): Turn[] {
  return Array.from({ length: conversations * each }, (_, index) => ({
    conversation: index % conversations,
    turn: Math.floor(index / conversations),
  }));
}

/** By conversation, its turns in the order in which they came. */
export function turnsByConversation(frames: readonly Buffer[]): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const frame of frames) {
    const { conversation, turn } = turnOf(frame);
    const so = found.get(conversation);
    if (so) so.push(turn);
    else found.set(conversation, [turn]);
  }
  return found;
}

function host(conversation: number, end: number, ip: 4 | 6): Buffer {
  const address = Buffer.alloc(ADDRESS_BYTES[ip]);
  address[0] = ip === 4 ? 10 : 0xfd;
  address.writeUInt16BE(conversation, address.length - 3);
  address[address.length - 1] = end;
  return address;
}

function portBytes(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(port);
  return bytes;
}

function etherType(ip: 4 | 6, wrapping: Wrapping): string {
  if (wrapping === 'PPPoE') return ip === 4 ? '0021' : '0057';
  return ip === 4 ? '0800' : '86dd';
}

/** Without the addresses. */
function ipv4(protocol: number, isFragment: boolean): Buffer {
  const header = Buffer.from('450000400001000040000000', 'hex');
  if (isFragment) header.writeUInt16BE(185, 6);
  header[9] = protocol;
  return header;
}

function ipv6(protocol: number): Buffer {
  const header = Buffer.from('6000000000400040', 'hex');
  header[6] = protocol;
  return header;
}
