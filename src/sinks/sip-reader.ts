import { addon } from '../addon/addon.js';
import { PacketCursor } from '../decode/cursor.js';
import { decodeToTransport } from '../decode/decode-layer.js';
import { SCTP, UDP } from '../decode/layer.js';
import { Reassembler, type ReassemblyLimits } from '../decode/reassembly/reassembler.js';
import { ALL_TUNNELS, Tunnel } from '../decode/tunnel/tunnel.js';
import type { SipFilter } from '../language/sip-filter.js';
import type { PacketBatch } from '../packet/packet-batch.js';
import type { Account, MediaCounts } from '../pipeline/account.js';
import { HepPacket } from '../protocols/hep/hep-packet.js';
import { PayloadType } from '../protocols/hep/chunk.js';
import { inflated } from '../protocols/hep/inflated.js';
import type { MessageBatch } from '../protocols/message-batch.js';
import { Passage, TCP } from '../protocols/passage.js';
import { MAX_MESSAGE_BYTES, SipMessage, Verdict } from '../protocols/sip/sip-message.js';
import type { CallExchange } from './call-exchange.js';
import { HeldPackets } from './held-packets.js';
import { MediaReader, type ReportedMedia } from './media-reader.js';
import { Fate, PacketFates } from './packet-fates.js';
import { SipChunks } from './sip-chunks.js';
import { SipStreams, type SipFlow } from './sip-streams.js';

const HEP_LETTER = 0x48;
const SIP_PAYLOAD: number = PayloadType.Sip;

export interface SipReaderOptions {
  /** All of them must match. */
  readonly filters: readonly SipFilter[];
  /** Whether datagrams are put together from their fragments. */
  readonly reassembles: boolean;
  /** Where they are to be other than usual. */
  readonly reassembly?: Partial<ReassemblyLimits> | undefined;
  /** The tunnels that are looked into, a bit of `Tunnel` each; all of them if not given. */
  readonly tunnels?: number | undefined;
  /** Which media of the calls is reported; none if not given. */
  readonly media?: ReportedMedia | undefined;
  /** Where other readers see media of the same calls, or their messages. */
  readonly calls?: CallExchange | undefined;
}

/** Finds the SIP messages in packets, and counts what came of each packet and each message. */
export class SipReader {
  /** Messages and packets of media, those included that a filter has left out. */
  found = 0;
  /** Messages that a filter has left out. */
  leftOut = 0;

  readonly #filters: readonly SipFilter[];
  readonly #fates = new PacketFates();
  readonly #cursor: PacketCursor;
  readonly #readsHep: boolean;
  readonly #media: MediaReader | undefined;
  readonly #message = new SipMessage(addon.lineEnds);
  readonly #passage = new Passage();
  readonly #hep = new HepPacket();
  #chunks: SipChunks | undefined;
  #notSip = 0;
  #malformed = 0;
  readonly #reassembler: Reassembler | undefined;
  #streams: SipStreams | undefined;
  #into: MessageBatch | undefined;
  /** Of the messages that a stream has just read. */
  #streamFate: Fate = Fate.NotSip;
  readonly #held = new HeldPackets();
  /** Fragments dropped by the reassembler that have been counted. */
  #dropped = 0;
  /** What the data at hand came in. */
  #ownPackets = 1;
  #ownBytes = 0;

  constructor(options: SipReaderOptions) {
    const { filters, reassembles, reassembly, tunnels = ALL_TUNNELS, media = 'none' } = options;
    this.#filters = filters;
    this.#cursor = new PacketCursor(tunnels);
    this.#readsHep = (tunnels & Tunnel.Hep) !== 0;
    this.#media = media === 'none' ? undefined : new MediaReader(media, options.calls);
    this.#reassembler = reassembles ? new Reassembler(reassembly) : undefined;
  }

  /** Payloads that are no SIP. */
  get notSip(): number {
    return this.#notSip + (this.#streams?.notSip ?? 0);
  }

  /** SIP by its first line, but invalid. */
  get malformed(): number {
    return this.#malformed + (this.#streams?.malformed ?? 0);
  }

  /** Fragments that were merged into others of their datagrams: N - 1 of N. */
  get fragmentsMerged(): number {
    return this.#reassembler?.fragmentsMerged ?? 0;
  }

  /** Fragments that wait for others of their datagrams. */
  get fragmentsHeld(): number {
    return this.#reassembler?.fragmentsHeld ?? 0;
  }

  /** Datagrams of which fragments were missing. */
  get reassemblyTimeouts(): number {
    return this.#reassembler?.reassemblyTimeouts ?? 0;
  }

  /** Packets of media that were found; undefined where none is looked for. */
  get media(): MediaCounts | undefined {
    const media = this.#media;
    return media && { rtp: media.rtp, rtcp: media.rtcp, forgottenCalls: media.forgottenCalls };
  }

  /**
   * Appends the messages of the packets that all filters want, and the media of their calls. The packets' bytes have to stay
   * as they are until those messages have been used.
   */
  read(batch: PacketBatch, into: MessageBatch): void {
    const cursor = this.#cursor;
    cursor.begin(batch);
    into.lend(batch.bytes);
    this.#message.expectIn(batch.bytes);
    while (cursor.next()) {
      // Only what is put together has come in more packets than one.
      this.#ownPackets = 1;
      this.#ownBytes = cursor.frameEnd - cursor.frameAt;
      const fate = this.#readPacket(cursor, into);
      if (fate !== Fate.Held) this.#fates.count(fate, this.#ownPackets, this.#ownBytes);
    }
    this.#fates.take(batch);
    this.#media?.flush();
    if (batch.count > 0) {
      this.#into = into;
      this.#reassembler?.expire(cursor.microseconds);
      this.#streams?.expire(cursor);
      this.#chunks?.expire(cursor.microseconds);
    }
    this.#settle();
  }

  /** No more packets will come. Appends the messages of which something was still waited for. */
  finish(into: MessageBatch): void {
    this.#into = into;
    this.#reassembler?.finish();
    this.#chunks?.finish();
    const rest = this.#streams?.finish();
    if (rest) this.#fates.count(Fate.NotSip, rest.packets, rest.bytes);
    this.#settle();
  }

  /** Of the packets. */
  account(): Account {
    return this.#fates.account();
  }

  /** Puts what has been counted since the last time into the account. */
  #settle(): void {
    this.#countDropped();
    this.#fates.settle();
  }

  /** Fragments that the reassembler has given up. */
  #countDropped(): void {
    const dropped = this.#reassembler?.fragmentsDropped ?? 0;
    if (dropped === this.#dropped) return;
    const { packets, bytes } = this.#held.release(dropped - this.#dropped);
    this.#dropped = dropped;
    this.#fates.count(Fate.Fragment, packets, bytes);
  }

  #readPacket(cursor: PacketCursor, into: MessageBatch): Fate {
    while (!decodeToTransport(cursor)) {
      if (!cursor.isFragment) return Fate.NoTransport;
      if (!this.#reassembler) return Fate.Fragment;
      if (!this.#completes(cursor, this.#reassembler)) return Fate.Held;
    }
    switch (cursor.transport) {
      case UDP:
        return this.#readDatagram(cursor, into);
      case SCTP:
        return this.#readChunks(cursor, into);
      default:
        return this.#readSegment(cursor, into);
    }
  }

  /** What comes of a segment is known once its stream has read the message that it belongs to. */
  #readSegment(cursor: PacketCursor, into: MessageBatch): Fate {
    this.#into = into;
    this.#streams ??= new SipStreams(this.#message, {
      onMessage: (_, passage) => {
        const fate = this.#take(passage, this.#into ?? into);
        if (fate < this.#streamFate) this.#streamFate = fate;
      },
      onRead: (flow) => {
        this.#settleFlow(flow);
      },
    });
    return this.#streams.add(cursor) ? Fate.Held : Fate.NotSip;
  }

  /** Counts the packets of messages that are whole; the others wait. */
  #settleFlow(flow: SipFlow): void {
    const fate = this.#streamFate;
    this.#streamFate = Fate.NotSip;
    if (fate === Fate.NotSip && flow.sip.waitingBytes > 0) return;
    this.#fates.count(fate, flow.packets, flow.bytes);
    flow.packets = 0;
    flow.bytes = 0;
  }

  /** Whether the fragment completes its datagram, which the cursor then goes on with. */
  #completes(cursor: PacketCursor, reassembler: Reassembler): boolean {
    const { fragmentsMerged } = reassembler;
    this.#held.hold({ packets: this.#ownPackets, bytes: this.#ownBytes });
    const isComplete = reassembler.add(cursor);
    this.#countDropped();
    if (!isComplete) return false;
    const own = this.#held.release(reassembler.fragmentsMerged - fragmentsMerged + 1);
    this.#ownPackets = own.packets;
    this.#ownBytes = own.bytes;
    return true;
  }

  #readDatagram(cursor: PacketCursor, into: MessageBatch): Fate {
    const { bytes, at, end } = cursor;
    const verdict = this.#message.beginDatagram(bytes, at, end);
    if (verdict === Verdict.Sip) return this.#take(this.#passageOf(cursor), into);
    if (verdict === Verdict.NotSip) {
      if (this.#media?.mayBe(cursor) && this.#readMedia(cursor, this.#media, into))
        return Fate.Reported;
      if (this.#readsHep && (bytes[at] === HEP_LETTER || (bytes[at] ?? 0) < 3))
        if (this.#hep.read(bytes, at, end)) return this.#readHep(bytes, into);
    }
    return this.#refuse(verdict, end);
  }

  #readMedia(cursor: PacketCursor, media: MediaReader, into: MessageBatch): boolean {
    const { bytes, at, end } = cursor;
    if (!media.read(bytes, at, end, this.#passageOf(cursor), into)) return false;
    this.found++;
    return true;
  }

  /** What a HEP packet carries has the time and the ends that HEP says. */
  #readHep(bytes: Buffer, into: MessageBatch): Fate {
    const { passage, payload, payloadType, isCompressed } = this.#hep;
    const inner = isCompressed
      ? inflated(bytes.subarray(payload.start, payload.end), MAX_MESSAGE_BYTES)
      : bytes;
    if (payloadType !== SIP_PAYLOAD || !inner) {
      this.#notSip++;
      return Fate.NotSip;
    }
    const start = isCompressed ? 0 : payload.start;
    const end = isCompressed ? inner.length : payload.end;
    const verdict = this.#message.beginDatagram(inner, start, end);
    if (verdict !== Verdict.Sip) return this.#refuse(verdict, end);
    // Who wrote the packet may have written anything.
    passage.microseconds %= 1_000_000;
    passage.transport =
      passage.protocol === TCP ? 'tcp' : passage.protocol === SCTP ? 'sctp' : 'udp';
    return this.#take(passage, into);
  }

  #readChunks(cursor: PacketCursor, into: MessageBatch): Fate {
    this.#chunks ??= new SipChunks(this.#fates);
    const own = { packets: this.#ownPackets, bytes: this.#ownBytes };
    return this.#chunks.read(cursor, own, (bytes, start, end) => {
      const verdict = this.#message.beginDatagram(bytes, start, end);
      return verdict === Verdict.Sip
        ? this.#take(this.#passageOf(cursor), into)
        : this.#refuse(verdict, end);
    });
  }

  /** Takes a message of which at least the first line has been read: the headers only if it is not left out without them. */
  #take(passage: Passage, into: MessageBatch): Fate {
    const message = this.#message;
    const media = this.#media;
    const { seconds } = this.#cursor;
    if (media?.mayEnd(message) && message.readHeaders()) media.end(message, seconds);
    const isWanted = this.#isWanted(passage);
    if (isWanted ? !message.readHeaders() : message.isInvalid)
      return this.#refuse(Verdict.Malformed, message.end);
    this.found++;
    if (!isWanted) {
      this.leftOut++;
      return Fate.LeftOut;
    }
    media?.describe(message, seconds);
    into.append(message, passage);
    return Fate.Reported;
  }

  #isWanted(passage: Passage): boolean {
    for (const filter of this.#filters) if (!filter(this.#message, passage)) return false;
    return true;
  }

  #refuse(verdict: Verdict, end: number): Fate {
    if (verdict === Verdict.Malformed) {
      this.#malformed++;
      return Fate.Malformed;
    }
    // Line ends alone keep the way through a NAT open.
    if (this.#message.start < end) this.#notSip++;
    return Fate.NotSip;
  }

  #passageOf(cursor: PacketCursor): Passage {
    const passage = this.#passage;
    passage.seconds = cursor.seconds;
    const { fraction } = cursor;
    const microseconds = cursor.isNanoseconds ? Math.floor(fraction / 1000) : fraction;
    passage.microseconds = microseconds % 1_000_000;
    passage.ipVersion = cursor.ipVersion === 4 ? 4 : 6;
    passage.addresses = cursor.bytes;
    passage.sourceAt = cursor.sourceAt;
    passage.destinationAt = cursor.destinationAt;
    passage.protocol = cursor.transport;
    passage.sourcePort = cursor.sourcePort;
    passage.destinationPort = cursor.destinationPort;
    passage.transport = cursor.transport === SCTP ? 'sctp' : 'udp';
    return passage;
  }
}
