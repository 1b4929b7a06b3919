import type { PacketBatch } from '../packet/packet-batch.js';
import {
  CAPTURED_LENGTH_OFFSET,
  FRACTION_OFFSET,
  LITTLE_ENDIAN,
  ORIGINAL_LENGTH_OFFSET,
  RECORD_HEADER_BYTES,
} from '../packet/record.js';
import { viewOf } from '../protocols/byte-view.js';
import { Layer, MOST_TUNNELS, Trouble } from './layer.js';
import { layerOfLink } from './link/link-type.js';
import { ALL_TUNNELS, type Tunnel } from './tunnel/tunnel.js';

const NO_BYTES = Buffer.alloc(0);

/**
 * A place in the packets of a batch. It is moved from packet to packet, and within a packet from layer to layer; each
 * layer's decoder reads the header at `at` and leaves what it says in the fields below. All of them are numbers: offsets
 * into `bytes`, lengths in bytes and numbers of protocols, so that no packet costs an allocation. What an inner layer
 * says replaces what an outer one of the same kind said.
 */
export class PacketCursor {
  /** The records of the batch, or what `continueIn` has been given. */
  bytes: Buffer = NO_BYTES;
  /** LINKTYPE_ number. */
  linkType = 0;
  /** Whether `fraction` counts nanoseconds, not microseconds. */
  isNanoseconds = false;

  /** The packet's time. */
  seconds = 0;
  fraction = 0;
  /** The captured bytes, from `frameAt` up to `frameEnd` of the batch's records. */
  frameAt = 0;
  frameEnd = 0;
  /** Length on the wire. */
  wireLength = 0;

  /** What begins at `at`. */
  layer = Layer.Data;
  at = 0;
  /** Where what may be read of this layer ends: never beyond the captured bytes. */
  end = 0;
  /** Where this layer ends on the wire; beyond `end` where the packet was cut. */
  wireEnd = 0;
  /** What stopped the decoding, which is then at the layer that it could not decode. */
  trouble = Trouble.None;
  /** How many tunnels are around this layer. */
  tunnels = 0;

  /** Destination and source address of the Ethernet header, in this order; -1 where there is none. */
  macAt = -1;
  etherType = 0;
  /** Control information of the VLAN tag read last: priority, drop eligible, id. */
  vlanTag = 0;

  /** 4, 6 or 0. */
  ipVersion = 0;
  ipAt = 0;
  /** The addresses, of 4 or 16 bytes. */
  sourceAt = 0;
  destinationAt = 0;
  /** What the IP header, its extensions included, says that it carries. */
  protocol = 0;
  /** Of this piece of the datagram, in bytes. */
  fragmentOffset = 0;
  hasMoreFragments = false;
  /** Identification of the datagram that this is a piece of, if it is one. */
  fragmentId = 0;
  /** Where that piece begins, behind the header that says so. */
  fragmentAt = 0;

  /** TCP, UDP, SCTP or 0: decoded, so that the ports are its, and `at` to `end` are its payload. */
  transport = 0;
  transportAt = 0;
  sourcePort = 0;
  destinationPort = 0;
  /** TCP's. */
  sequence = 0;
  acknowledgment = 0;
  tcpFlags = 0;

  #records: Buffer = NO_BYTES;
  #view: DataView = viewOf(NO_BYTES);
  #next = 0;
  #firstLayer = Layer.Data;
  readonly #followed: number;

  /** @param followed the tunnels that are looked into, a bit of `Tunnel` each; what others carry is data */
  constructor(followed = ALL_TUNNELS) {
    this.#followed = followed;
  }

  /** The packet's time, in microseconds since 1970. */
  get microseconds(): number {
    return this.seconds * 1_000_000 + (this.isNanoseconds ? this.fraction / 1000 : this.fraction);
  }

  /** Whether this is a piece of a datagram, and not all of it. */
  get isFragment(): boolean {
    return this.hasMoreFragments || this.fragmentOffset > 0;
  }

  /** Goes before the first packet of a batch. */
  begin(batch: PacketBatch): void {
    this.bytes = this.#records = batch.bytes;
    this.#view = viewOf(batch.bytes);
    this.linkType = batch.link.linkType;
    this.isNanoseconds = batch.link.precision === 'nano';
    this.#firstLayer = layerOfLink(batch.link.linkType);
    this.#next = 0;
  }

  /** Goes to the next packet, and to its outermost layer; false after the last one. */
  next(): boolean {
    const bytes = this.#records;
    const view = this.#view;
    const record = this.#next;
    const frameAt = record + RECORD_HEADER_BYTES;
    if (frameAt > bytes.length) return false;
    const frameEnd = frameAt + view.getUint32(record + CAPTURED_LENGTH_OFFSET, LITTLE_ENDIAN);
    this.seconds = view.getUint32(record, LITTLE_ENDIAN);
    this.fraction = view.getUint32(record + FRACTION_OFFSET, LITTLE_ENDIAN);
    this.wireLength = view.getUint32(record + ORIGINAL_LENGTH_OFFSET, LITTLE_ENDIAN);
    this.#next = frameEnd;
    // A batch holds whole records; a cut one is read as far as it is there.
    this.frameAt = frameAt;
    this.frameEnd = frameEnd > bytes.length ? bytes.length : frameEnd;
    this.restart();
    return true;
  }

  /** Goes back to the packet's outermost layer. */
  restart(): void {
    const { frameAt, frameEnd, wireLength } = this;
    this.bytes = this.#records;
    this.layer = this.#firstLayer;
    this.at = frameAt;
    this.end = frameEnd;
    const wireEnd = frameAt + wireLength;
    this.wireEnd = wireEnd < frameEnd ? frameEnd : wireEnd;
    this.trouble = Trouble.None;
    this.tunnels = 0;
    this.fragmentOffset = 0;
    this.hasMoreFragments = false;
    this.macAt = -1;
    this.ipVersion = 0;
    this.transport = 0;
  }

  /**
   * Decodes on from other bytes, such as those of a reassembled datagram, as if they were this packet's: until the next
   * packet, or `restart`.
   *
   * @param end of what there is in `bytes`, on the wire as well
   */
  continueIn(bytes: Buffer, layer: Layer, at: number, end: number): void {
    this.bytes = bytes;
    this.layer = layer;
    this.at = at;
    this.end = end;
    this.wireEnd = end;
    this.trouble = Trouble.None;
    this.fragmentOffset = 0;
    this.hasMoreFragments = false;
    this.macAt = -1;
    this.transport = 0;
  }

  /** The layer at hand can't be decoded. */
  stop(trouble: Trouble): void {
    this.trouble = trouble;
    this.layer = Layer.Data;
  }

  /** What the layer at hand says of its length ends it, if it does not end before. */
  limit(wireEnd: number): void {
    if (wireEnd < this.wireEnd) this.wireEnd = wireEnd;
    if (wireEnd < this.end) this.end = wireEnd;
  }

  /** The layer at hand ends where its header says, even if that is beyond the packet around it. */
  declare(wireEnd: number): void {
    this.wireEnd = wireEnd;
    if (wireEnd < this.end) this.end = wireEnd;
  }

  /** Whether tunnels of this kind are looked into. */
  follows(tunnel: Tunnel): boolean {
    return (this.#followed & tunnel) !== 0;
  }

  /** Goes into a tunnel: what was said of ports and addresses is the outer packet's. */
  enterTunnel(layer: Layer): void {
    if (this.tunnels === MOST_TUNNELS) {
      this.stop(Trouble.TooDeep);
      return;
    }
    this.tunnels++;
    this.transport = 0;
    this.ipVersion = 0;
    this.macAt = -1;
    this.layer = layer;
  }
}
