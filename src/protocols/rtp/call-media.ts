import { randomInt } from 'node:crypto';
import { ipAddressBytes, ipv4Number } from '../ip-address.js';
import { uint32 } from '../network-order.js';
import type { Passage } from '../passage.js';
import { PlainDescription } from './plain-description.js';
import { type Media, mediaOf } from './session-description.js';

/** A call's description of media is forgotten so long after its last message or packet. */
const IDLE_SECONDS = 300;
/** And so long after its end, which the last RTCP packets follow. */
const LINGER_SECONDS = 10;
const MOST_CALLS = 50_000;
const MOST_ENDPOINTS_PER_CALL = 64;
/** How often a call's packets make it younger than others at most. */
const REFRESH_SECONDS = 10;
const PORTS = 0x1_0000;
/** Nobody outside can choose endpoints whose hashes are the same. */
const SEED = randomInt(0x4000_0000);

export interface Call {
  readonly callId: string;
  /** Packet time after which it is forgotten. */
  expiresAt: number;
  hasEnded: boolean;
  /** Its first INVITE has been accepted: later ones may be refused without ending it. */
  isAnswered: boolean;
  /** When it was last made the youngest one. */
  refreshedAt: number;
  readonly endpoints: Endpoint[];
}

/** For IPv4 a number of 32 bits with a sign, which V8 keeps without an object: most are, and there are many. */
type Address = number | Buffer;

/** An address and port at which media of a call arrives. */
export interface Endpoint {
  /** The last one that named it. */
  call: Call;
  readonly address: Address;
  readonly port: number;
  codecs: ReadonlyMap<number, string>;
  /** Another one with the same hash. */
  next: Endpoint | undefined;
}

/** A stream of media, with its addresses as numbers or bytes. */
type Ports = Omit<Media, 'address' | 'rtcpAddress'> & {
  readonly address: Address | undefined;
  readonly rtcpAddress: Address | undefined;
};

/**
 * Where the media of the calls that were seen goes, by their session descriptions. A packet belongs to a call where it
 * comes from such an address and port or goes there: both directions of a stream are known by the first description of
 * either. All times are those of packets. Bounded: the call that has been quiet for longest makes room for a new one.
 */
export class CallMedia {
  /** Calls that had to make room for others. */
  evicted = 0;

  readonly #plain = new PlainDescription();
  readonly #mostCalls: number;
  /** The one that has been quiet for longest first. */
  readonly #calls = new Map<string, Call>();
  readonly #endpoints = new Map<number, Endpoint>();
  /** How many endpoints have each port: what most packets are looked up in, and nowhere else. */
  readonly #portUses = new Uint32Array(PORTS);
  #sweepAt = 0;

  constructor(mostCalls = MOST_CALLS) {
    this.#mostCalls = mostCalls;
  }

  get callCount(): number {
    return this.#calls.size;
  }

  /** Takes the session description of a call's request or response; a later one adds to those before. */
  describe(callId: string, sdp: string, seconds: number): void {
    this.#sweep(seconds);
    const media = mediaOf(sdp);
    if (media.length === 0) return;
    const call = this.#describedCall(callId, seconds);
    for (const stream of media) this.#addStream(call, stream);
  }

  /** The same of a description where it lies, in [start, end): of most, nothing becomes a string. */
  describeIn(callId: string, bytes: Buffer, start: number, end: number, seconds: number): void {
    const plain = this.#plain;
    if (!plain.read(bytes, start, end)) {
      this.describe(callId, bytes.toString('latin1', start, end), seconds);
      return;
    }
    this.#sweep(seconds);
    const call = this.#describedCall(callId, seconds);
    const { address, port, rtcpPort, sharesPort, codecs } = plain;
    this.#addPorts(call, { address, rtcpAddress: address, port, rtcpPort, sharesPort, codecs });
  }

  /** The call's INVITE has been accepted. */
  answer(callId: string): void {
    const call = this.#calls.get(callId);
    if (call) call.isAnswered = true;
  }

  /** An INVITE of the call was refused or cancelled: that ends a call which has not been answered. */
  refuse(callId: string, seconds: number): void {
    if (this.#calls.get(callId)?.isAnswered === false) this.end(callId, seconds);
  }

  /** The call is over. */
  end(callId: string, seconds: number): void {
    const call = this.#calls.get(callId);
    if (!call) return;
    call.hasEnded = true;
    call.expiresAt = Math.min(call.expiresAt, seconds + LINGER_SECONDS);
  }

  /** False where no packet between these ports belongs to a call: so it is with most. */
  mayHave(sourcePort: number, destinationPort: number): boolean {
    return this.#portUses[destinationPort] !== 0 || this.#portUses[sourcePort] !== 0;
  }

  /** The endpoint that a packet goes to or comes from; undefined where it belongs to no call. */
  find(passage: Passage): Endpoint | undefined {
    if (!this.mayHave(passage.sourcePort, passage.destinationPort)) return undefined;
    const { addresses, addressBytes, seconds } = passage;
    const endpoint =
      this.#lookUp(addresses, passage.destinationAt, addressBytes, passage.destinationPort) ??
      this.#lookUp(addresses, passage.sourceAt, addressBytes, passage.sourcePort);
    if (!endpoint) return undefined;
    const { call } = endpoint;
    if (call.expiresAt < seconds) return undefined;
    if (call.hasEnded) return endpoint;
    call.expiresAt = seconds + IDLE_SECONDS;
    // A file may go back in time.
    if (Math.abs(seconds - call.refreshedAt) >= REFRESH_SECONDS) this.#refresh(call, seconds);
    return endpoint;
  }

  /** Makes a call the youngest one. */
  #refresh(call: Call, seconds: number): void {
    call.refreshedAt = seconds;
    this.#calls.delete(call.callId);
    this.#calls.set(call.callId, call);
  }

  #callOf(callId: string, seconds: number): Call {
    const known = this.#calls.get(callId);
    if (known) return known;
    if (this.#calls.size >= this.#mostCalls) this.#evictOldest();
    const call: Call = {
      callId,
      expiresAt: 0,
      hasEnded: false,
      isAnswered: false,
      refreshedAt: seconds,
      endpoints: [],
    };
    this.#calls.set(callId, call);
    return call;
  }

  /** The call that has described its media. */
  #describedCall(callId: string, seconds: number): Call {
    const call = this.#callOf(callId, seconds);
    call.hasEnded = false;
    call.expiresAt = seconds + IDLE_SECONDS;
    if (call.refreshedAt !== seconds) this.#refresh(call, seconds);
    return call;
  }

  #addStream(call: Call, { port, rtcpPort, sharesPort, codecs, ...stream }: Media): void {
    const address = addressOf(stream.address);
    const rtcpAddress =
      stream.rtcpAddress === stream.address ? address : addressOf(stream.rtcpAddress);
    this.#addPorts(call, { address, rtcpAddress, port, rtcpPort, sharesPort, codecs });
  }

  #addPorts(call: Call, { address, rtcpAddress, port, rtcpPort, sharesPort, codecs }: Ports): void {
    this.#add(call, address, port, codecs);
    this.#add(call, rtcpAddress, rtcpPort, codecs);
    // The other side may not want to share the port.
    if (sharesPort) this.#add(call, address, port + 1, codecs);
  }

  /** The last call that names an endpoint has it. */
  #add(
    call: Call,
    address: Address | undefined,
    port: number,
    codecs: ReadonlyMap<number, string>,
  ): void {
    if (address === undefined || port >= PORTS) return;
    const key = hashOf(address, port);
    let known = this.#endpoints.get(key);
    while (known && !(known.port === port && isSame(known.address, address))) known = known.next;
    if (known?.call === call) {
      known.codecs = codecs;
      return;
    }
    if (call.endpoints.length >= MOST_ENDPOINTS_PER_CALL) {
      const [oldest] = call.endpoints;
      if (oldest) this.#remove(oldest);
    }
    if (known) {
      takeOut(known.call.endpoints, known);
      known.call = call;
      known.codecs = codecs;
      call.endpoints.push(known);
      return;
    }
    const endpoint: Endpoint = { call, address, port, codecs, next: this.#endpoints.get(key) };
    this.#endpoints.set(key, endpoint);
    this.#portUses[port] = (this.#portUses[port] ?? 0) + 1;
    call.endpoints.push(endpoint);
  }

  #lookUp(bytes: Buffer, at: number, length: number, port: number): Endpoint | undefined {
    let endpoint = this.#endpoints.get(hash(bytes, at, length, port));
    while (endpoint && !isAt(endpoint, bytes, at, length, port)) endpoint = endpoint.next;
    return endpoint;
  }

  #remove(endpoint: Endpoint): void {
    const { address, port, call } = endpoint;
    const key = hashOf(address, port);
    const first = this.#endpoints.get(key);
    if (first === endpoint) {
      if (endpoint.next) this.#endpoints.set(key, endpoint.next);
      else this.#endpoints.delete(key);
    } else {
      let before = first;
      while (before && before.next !== endpoint) before = before.next;
      if (before) before.next = endpoint.next;
    }
    this.#portUses[port] = (this.#portUses[port] ?? 0) - 1;
    takeOut(call.endpoints, endpoint);
  }

  #forget(call: Call): void {
    for (const endpoint of [...call.endpoints]) this.#remove(endpoint);
    this.#calls.delete(call.callId);
  }

  #evictOldest(): void {
    for (const call of this.#calls.values()) {
      this.#forget(call);
      this.evicted++;
      return;
    }
  }

  /** Forgets what has expired, now and then. */
  #sweep(seconds: number): void {
    // A file may go back in time.
    if (seconds < this.#sweepAt && seconds > this.#sweepAt - IDLE_SECONDS) return;
    this.#sweepAt = seconds + LINGER_SECONDS;
    for (const call of this.#calls.values()) if (call.expiresAt < seconds) this.#forget(call);
  }
}

function takeOut(endpoints: Endpoint[], endpoint: Endpoint): void {
  let index = endpoints.indexOf(endpoint);
  if (index === -1) return;
  // splice() makes an array of what it takes out.
  for (; index + 1 < endpoints.length; index++) {
    const next = endpoints[index + 1];
    if (next) endpoints[index] = next;
  }
  endpoints.pop();
}

const PRIME = 0x0100_0193;

/** A number of 30 bits: keys of that size cost no memory. */
function hash(bytes: Buffer, at: number, length: number, port: number): number {
  let value = SEED ^ port;
  for (let word = at; word < at + length; word += 4)
    value = mixed(Math.imul(value ^ uint32(bytes, word), PRIME));
  return value & 0x3fff_ffff;
}

/** The same of an address. */
function hashOf(address: Address, port: number): number {
  return typeof address === 'number'
    ? mixed(Math.imul(SEED ^ port ^ address, PRIME)) & 0x3fff_ffff
    : hash(address, 0, address.length, port);
}

function mixed(value: number): number {
  const half = Math.imul(value ^ (value >>> 15), 0x85eb_ca6b);
  return half ^ (half >>> 13);
}

function isAt(
  { address, port: ownPort }: Endpoint,
  bytes: Buffer,
  at: number,
  length: number,
  port: number,
): boolean {
  if (ownPort !== port) return false;
  if (typeof address === 'number') return length === 4 && (uint32(bytes, at) | 0) === address;
  return address.length === length && address.compare(bytes, at, at + length) === 0;
}

function isSame(one: Address, other: Address): boolean {
  return typeof one === 'number' || typeof other === 'number' ? one === other : one.equals(other);
}

/** Undefined where it is none: 0.0.0.0 and :: put a stream on hold (RFC 3264, section 8.4). */
function addressOf(text: string): Address | undefined {
  const number = ipv4Number(text);
  if (number !== undefined) return number === 0 ? undefined : number | 0;
  const bytes = ipAddressBytes(text);
  return bytes?.some((byte) => byte !== 0) ? bytes : undefined;
}
