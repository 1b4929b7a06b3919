import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import path from 'node:path';

import { pcapFile } from '#support/pcap-file.js';
import { packetsOf, udpFrame } from '#support/sip-packets.js';
import { callMessages, MESSAGES_A_CALL } from './calls.js';
import { ordinaryFrames, plainFrames, type Traffic } from './ordinary-traffic.js';

/** Frames that differ; they come round again after more bytes than a compressor looks back within a batch. */
export const DISTINCT_FRAMES = 10_000;
const PCAP_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

/** The length of a pcap file with so many frames. */
export function pcapBytes(frames: number, frameBytes: number): number {
  return PCAP_HEADER_BYTES + frames * (RECORD_HEADER_BYTES + frameBytes);
}

/** Makes capture files, each once: of the frames that differ, or of these again and again. */
export class FrameFiles {
  readonly #folder: string;
  readonly #made = new Map<string, Promise<string>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A capture file with `count` frames, a multiple of DISTINCT_FRAMES. */
  file(frameBytes: number, count = DISTINCT_FRAMES): Promise<string> {
    const name = `frames-${frameBytes}-${count}.pcap`;
    const made =
      this.#made.get(name) ?? this.#make(path.join(this.#folder, name), frameBytes, count);
    this.#made.set(name, made);
    return made;
  }

  /** The same with an ordinary mixture of packets, or with datagrams of some hundred hosts. */
  traffic(kind: Traffic, count: number): Promise<string> {
    const name = `${kind}-${count}.pcap`;
    const made =
      this.#made.get(name) ?? this.#repeat(path.join(this.#folder, name), trafficFile(kind), count);
    this.#made.set(name, made);
    return made;
  }

  /** A capture file with the messages of calls, each call between ends of its own. */
  calls(): Promise<string> {
    const name = 'calls.pcap';
    const made = this.#made.get(name) ?? this.#write(path.join(this.#folder, name), callsFile());
    this.#made.set(name, made);
    return made;
  }

  async #write(file: string, bytes: Buffer): Promise<string> {
    await writeFile(file, bytes);
    return file;
  }

  #make(file: string, frameBytes: number, count: number): Promise<string> {
    return this.#repeat(file, distinctFrames(frameBytes), count);
  }

  async #repeat(file: string, once_: Buffer, count: number): Promise<string> {
    if (count % DISTINCT_FRAMES !== 0) throw new Error(`${count} frames make no whole file`);
    const output = createWriteStream(file);
    output.write(once_);
    const records = once_.subarray(PCAP_HEADER_BYTES);
    for (let written = DISTINCT_FRAMES; written < count; written += DISTINCT_FRAMES)
      if (!output.write(records)) await once(output, 'drain');
    output.end();
    await once(output, 'close');
    return file;
  }
}

/**
 * Frames of UDP over IPv4: headers that differ in addresses, ports and identification, and a payload of which one half
 * is random and the other text, so that it compresses as packets do, somewhat. The same in each run.
 */
function distinctFrames(frameBytes: number): Buffer {
  const random = xorshift(frameBytes);
  const packets = Array.from({ length: DISTINCT_FRAMES }, (_, index) => {
    const frame = Buffer.alloc(frameBytes);
    let at = frame.write('0200000000020200000000010800', 'hex');
    at += frame.write('4500000000004000401100000a0000000a010000', at, 'hex');
    frame.writeUInt16BE(frameBytes - 14, 16);
    frame.writeUInt16BE(index & 0xffff, 18);
    frame.writeUInt16BE(random() & 0xffff, 28);
    frame.writeUInt16BE(random() & 0xffff, 32);
    frame.writeUInt16BE(1024 + (random() & 0x3fff), at);
    frame.writeUInt16BE(53, at + 2);
    frame.writeUInt16BE(frameBytes - at, at + 4);
    at += 8;
    const half = at + Math.floor((frameBytes - at) / 2);
    for (; at < half; at++) frame[at] = random() & 0xff;
    frame.write('GET /index.html HTTP/1.1\r\nHost: example.org\r\n'.repeat(40), at);
    return { seconds: 1_700_000_000, fraction: index, frame };
  });
  return pcapFile({ packets });
}

function callsFile(): Buffer {
  const calls = Array.from({ length: Math.floor(DISTINCT_FRAMES / MESSAGES_A_CALL) }, (_, call) => {
    const here = { from: `10.0.${call >> 8}.${call & 0xff}`, to: '10.1.0.1' };
    const back = { from: here.to, to: here.from };
    // Requests go one way, and responses the other.
    return callMessages(call).map((bytes) =>
      udpFrame(bytes, bytes.toString('latin1', 0, 4) === 'SIP/' ? back : here),
    );
  });
  return pcapFile({ packets: packetsOf(calls.flat()) });
}

function trafficFile(kind: Traffic): Buffer {
  const make = kind === 'ordinary' ? ordinaryFrames : plainFrames;
  const frames = make(DISTINCT_FRAMES, xorshift(1));
  return pcapFile({
    packets: frames.map((frame, fraction) => ({ seconds: 1_700_000_000, fraction, frame })),
  });
}

/** Marsaglia's xorshift with 32 bits. */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
