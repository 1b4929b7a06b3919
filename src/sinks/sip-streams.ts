import type { PacketCursor } from '../decode/cursor.js';
import { StreamEnds } from '../decode/stream/stream-ends.js';
import { StreamEvent, type Splitter } from '../decode/stream/stream-event.js';
import { TcpStreams } from '../decode/stream/tcp-streams.js';
import { Passage, TCP } from '../protocols/passage.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import { SipStream } from '../protocols/sip/sip-stream.js';

/** A stream of SIP, and the packets that have brought what it keeps. */
export class SipFlow implements Splitter {
  readonly sip = new SipStream();
  packets = 0;
  bytes = 0;

  get keptBytes(): number {
    return this.sip.keptBytes;
  }
}

/** Who takes the messages of streams, and packets once it is known what has come of them. */
export interface StreamReader {
  /** A message; it is valid until this returns. */
  onMessage(message: SipMessage, passage: Passage): void;
  /** The stream has read on, or ended, as far as it can. */
  onRead(flow: SipFlow): void;
}

/** The SIP messages in TCP connections. */
export class SipStreams {
  malformed = 0;
  notSip = 0;

  readonly #streams = new TcpStreams(() => new SipFlow());
  readonly #ends = new StreamEnds();
  readonly #message: SipMessage;
  readonly #reader: StreamReader;
  readonly #passage = new Passage();
  /** Packets that came before others which belong before them: they belong to what is read next. */
  #waitingPackets = 0;
  #waitingBytes = 0;

  constructor(message: SipMessage, reader: StreamReader) {
    this.#message = message;
    this.#reader = reader;
  }

  /** Takes the segment that the cursor is at; false where it has nothing to say. */
  add(cursor: PacketCursor): boolean {
    const { reordered } = this.#streams;
    this.#waitingPackets++;
    this.#waitingBytes += cursor.frameEnd - cursor.frameAt;
    this.#setTime(cursor);
    this.#streams.add(cursor);
    if (this.#takeEvents() || this.#streams.reordered > reordered) return true;
    this.#waitingPackets--;
    this.#waitingBytes -= cursor.frameEnd - cursor.frameAt;
    return false;
  }

  /** Goes on to the time of the packet that the cursor is at. */
  expire(cursor: PacketCursor): void {
    this.#setTime(cursor);
    this.#streams.expire(cursor.microseconds);
    this.#takeEvents();
  }

  /** No more packets will come; those that nothing has come of. */
  finish(): { readonly packets: number; readonly bytes: number } {
    this.#streams.finish();
    this.#takeEvents();
    const rest = { packets: this.#waitingPackets, bytes: this.#waitingBytes };
    this.#waitingPackets = this.#waitingBytes = 0;
    return rest;
  }

  #setTime(cursor: PacketCursor): void {
    this.#passage.seconds = cursor.seconds;
    const { fraction } = cursor;
    const microseconds = cursor.isNanoseconds ? Math.floor(fraction / 1000) : fraction;
    this.#passage.microseconds = microseconds % 1_000_000;
  }

  /** Whether any stream has gone on. */
  #takeEvents(): boolean {
    const streams = this.#streams;
    let hasRead = false;
    for (let event = streams.next(); event !== StreamEvent.None; event = streams.next()) {
      const flow = streams.splitter;
      if (!flow) continue;
      const { malformed, notSip } = flow.sip;
      if (event === StreamEvent.Bytes) {
        hasRead = true;
        flow.packets += this.#waitingPackets;
        flow.bytes += this.#waitingBytes;
        this.#waitingPackets = this.#waitingBytes = 0;
        this.#read(flow);
      } else flow.sip.skipHole();
      this.malformed += flow.sip.malformed - malformed;
      this.notSip += flow.sip.notSip - notSip;
      if (event !== StreamEvent.Hole) this.#reader.onRead(flow);
    }
    return hasRead;
  }

  #read({ sip }: SipFlow): void {
    const streams = this.#streams;
    const ends = this.#ends;
    const passage = this.#passage;
    sip.push(streams.bytes, streams.start, streams.end);
    while (sip.next(this.#message)) {
      streams.readEnds(ends);
      passage.ipVersion = ends.ipVersion;
      passage.addresses = ends.addresses;
      passage.sourceAt = 0;
      passage.destinationAt = passage.addressBytes;
      passage.sourcePort = ends.sourcePort;
      passage.destinationPort = ends.destinationPort;
      passage.protocol = TCP;
      passage.transport = sip.isWebSocket ? 'ws' : 'tcp';
      this.#reader.onMessage(this.#message, passage);
    }
  }
}
