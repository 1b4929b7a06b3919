import type { PacketCursor } from '../decode/cursor.js';
import { JsonBytes } from '../protocols/json-bytes.js';
import type { MessageBatch } from '../protocols/message-batch.js';
import type { Passage } from '../protocols/passage.js';
import { CallMedia } from '../protocols/rtp/call-media.js';
import { MediaKind } from '../protocols/rtp/media-packet.js';
import { writeRtcp } from '../protocols/rtp/rtcp.js';
import { isRtcp, RtpHeader } from '../protocols/rtp/rtp-header.js';
import { isAnyCase } from '../protocols/sip/ascii.js';
import type { SipMessage } from '../protocols/sip/sip-message.js';
import type { CallExchange, CallNote } from './call-exchange.js';

/** Which media packets are reported: none, the reports of RTCP, or RTP as well. */
export type ReportedMedia = 'none' | 'rtcp' | 'all';

const VERSION_2 = 2;

/** Finds the media of calls, whose messages say where it goes. */
export class MediaReader {
  /** Packets that were found. */
  rtp = 0;
  rtcp = 0;

  readonly #calls = new CallMedia();
  readonly #takesRtp: boolean;
  readonly #header = new RtpHeader();
  readonly #reports = new JsonBytes();

  readonly #exchange: CallExchange | undefined;

  /** @param exchange where others see media of the same calls, or their messages */
  constructor(reported: Exclude<ReportedMedia, 'none'>, exchange?: CallExchange) {
    this.#takesRtp = reported === 'all';
    this.#exchange = exchange;
    exchange?.onNote((note) => {
      this.#learn(note);
    });
  }

  /** Calls whose media was forgotten, since there were too many. */
  get forgottenCalls(): number {
    return this.#calls.evicted;
  }

  /**
   * Takes note of where a message's session description says that media goes, and of answers.
   *
   * @param seconds the time of the packet, which is that of media as well; who writes HEP may claim any other
   */
  describe(message: SipMessage, seconds: number): void {
    const { bytes, bodyStart, end } = message;
    if (!message.callId.isPresent) return;
    const hasDescription = end > bodyStart && isDescription(message);
    const isAnswer = isFinal(message) && message.status < 300;
    if (!hasDescription && !isAnswer) return;
    const callId = message.text(message.callId);
    if (hasDescription) {
      this.#calls.describeIn(callId, bytes, bodyStart, end, seconds);
      if (this.#exchange) {
        const description = bytes.toString('latin1', bodyStart, end);
        this.#exchange.note({ kind: 'describe', callId, description, seconds });
      }
    }
    if (isAnswer) this.#note({ kind: 'answer', callId });
  }

  /** Whether a message may be the end of a call, by its first line. */
  mayEnd(message: SipMessage): boolean {
    if (this.#calls.callCount === 0) return false;
    if (!message.isRequest) return message.status >= 300;
    return isMethod(message, 'bye') || isMethod(message, 'cancel');
  }

  /** Notes that the message ends its call, or refuses one. */
  end(message: SipMessage, seconds: number): void {
    const callId = message.text(message.callId);
    if (message.isRequest && isMethod(message, 'bye')) this.#note({ kind: 'end', callId, seconds });
    else if (message.isRequest || isFinal(message)) this.#note({ kind: 'refuse', callId, seconds });
  }

  /** All messages at hand have been read. */
  flush(): void {
    this.#exchange?.flush();
  }

  /** Whether the datagram that the cursor is at may be media of a call: few others are. */
  mayBe({ bytes, at, end, sourcePort, destinationPort }: PacketCursor): boolean {
    return (
      (bytes[at] ?? 0) >> 6 === VERSION_2 &&
      this.#calls.mayHave(sourcePort, destinationPort) &&
      (this.#takesRtp || isRtcp(bytes, at, end))
    );
  }

  /** Appends a datagram that is media of a call; false where it is not. */
  read(bytes: Buffer, start: number, end: number, passage: Passage, into: MessageBatch): boolean {
    const endpoint = this.#calls.find(passage);
    if (!endpoint) return false;
    const { codecs, call } = endpoint;
    const { callId } = call;
    const messagesBefore = into.count;
    if (isRtcp(bytes, start, end)) {
      const reports = this.#reports;
      reports.clear();
      if (writeRtcp(reports, bytes, start, end) === -1) return false;
      const [codec] = codecs.values();
      this.rtcp++;
      into.media.append(
        { callId, messagesBefore, kind: MediaKind.Rtcp, codec, reports },
        bytes,
        start,
        end,
        passage,
      );
      return true;
    }
    const header = this.#header;
    if (!header.read(bytes, start, end)) return false;
    this.rtp++;
    const codec = codecs.get(header.payloadType);
    into.media.append(
      { callId, messagesBefore, kind: MediaKind.Rtp, codec },
      bytes,
      start,
      end,
      passage,
    );
    return true;
  }

  #note(note: CallNote): void {
    this.#learn(note);
    this.#exchange?.note(note);
  }

  #learn(note: CallNote): void {
    switch (note.kind) {
      case 'describe':
        this.#calls.describe(note.callId, note.description, note.seconds);
        break;
      case 'answer':
        this.#calls.answer(note.callId);
        break;
      case 'refuse':
        this.#calls.refuse(note.callId, note.seconds);
        break;
      case 'end':
        this.#calls.end(note.callId, note.seconds);
    }
  }
}

/** Whether the body may have one in it: by its type, which may be that of several parts. */
function isDescription(message: SipMessage): boolean {
  return hasType(message, 'application/sdp') || hasType(message, 'multipart/');
}

function hasType({ bytes, contentType }: SipMessage, type: string): boolean {
  const end = contentType.start + type.length;
  return end <= contentType.end && isAnyCase(bytes, contentType.start, end, type);
}

/** Whether it is the final response to an INVITE. */
function isFinal(message: SipMessage): boolean {
  return message.status >= 200 && isMethod(message, 'invite');
}

function isMethod({ bytes, method }: SipMessage, lower: string): boolean {
  return isAnyCase(bytes, method.start, method.end, lower);
}
