import { readFile } from 'node:fs/promises';

import type { CapturedPacket } from './capture.js';

/** The packets of a pcapng file as kcap writes them: one little-endian section, enhanced packet blocks. */
export async function readPcapng(
  file: string,
): Promise<(Omit<CapturedPacket, 'interface'> & { interface: string | undefined })[]> {
  const bytes = await readFile(file);
  const interfaces: { linkType: number; precision: 'micro' | 'nano'; name: string | undefined }[] =
    [];
  const packets = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) {
    const block = bytes.subarray(at, at + bytes.readUInt32LE(at + 4));
    const type = block.readUInt32LE(0);
    if (type === 1) {
      const options = optionsOf(block.subarray(16, -4));
      interfaces.push({
        linkType: block.readUInt16LE(8),
        precision: options.get(9)?.[0] === 9 ? 'nano' : 'micro',
        name: options.get(2)?.toString(),
      });
    }
    if (type !== 6) continue;
    const from = interfaces[block.readUInt32LE(8)];
    if (!from) throw new Error('A packet is of an interface that the file does not describe');
    const perSecond = from.precision === 'nano' ? 1_000_000_000n : 1_000_000n;
    const time = (BigInt(block.readUInt32LE(12)) << 32n) | BigInt(block.readUInt32LE(16));
    packets.push({
      seconds: Number(time / perSecond),
      fraction: Number(time % perSecond),
      frame: Buffer.from(block.subarray(28, 28 + block.readUInt32LE(20))),
      originalLength: block.readUInt32LE(24),
      linkType: from.linkType,
      precision: from.precision,
      interface: from.name,
    });
  }
  return packets;
}

function optionsOf(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(at + 2);
    options.set(bytes.readUInt16LE(at), bytes.subarray(at + 4, at + 4 + length));
    at += 4 + ((length + 3) & ~3);
  }
  return options;
}
