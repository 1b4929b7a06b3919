/**
 * `node beside-others.js MODE`: a capture that leaves kcap out, beside somebody who does as he likes with /dev/shm. Both
 * /dev/shm and the network have to be nobody else's. Says on standard output, in JSON, what it has captured.
 */
import { createSocket } from 'node:dgram';
import { chown, mkdir, open, type FileHandle } from 'node:fs/promises';

import type { LiveCapture } from '#kcap/capture/live-capture.js';

import { captureOnLoopback, datagramsToNobody } from '../kafka/threaded-objects.js';
import { packetsIn } from '../packet/packets.js';

const NOBODY = 65_534;
/** As connection_table.h has it. */
const PLACES_AT = 24 + (2 * 65_536) / 8;
const PLACE_BYTES = 44;
const TABLE_BYTES = PLACES_AT + 2 * 65_536 * PLACE_BYTES;
const GENERATION_AT = 16;

/** A table of another user, as only an attacker has it: with each port, and an address of its own for each. */
async function tableOfAnother(): Promise<FileHandle> {
  const table = Buffer.alloc(TABLE_BYTES);
  table.writeBigUInt64LE(0x6b_63_61_70_02n);
  table.fill(0xff, 24, PLACES_AT);
  for (let place = 0; place < 2 * 65_536; place++) {
    const at = PLACES_AT + place * PLACE_BYTES;
    table.writeUInt32BE(0xffff, at + 8);
    table.writeUInt32BE(0x0a_00_00_00 + place, at + 12);
  }
  const folder = `/dev/shm/kcap-${NOBODY}`;
  await mkdir(folder);
  await chown(folder, NOBODY, NOBODY);
  const file = await open(`${folder}/1.1`, 'w');
  await file.writeFile(table);
  await file.chown(NOBODY, NOBODY);
  return file;
}

/** As kcap captures: without what it sends itself. */
function capture(): LiveCapture {
  return captureOnLoopback({ filter: 'udp', leavesOutKcap: true });
}

/** Sends text from a socket that is not kcap's. */
async function send(text: string): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.send(text, 9, '127.0.0.1', (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  socket.close();
}

const HEADERS = 14 + 20 + 8;

/** The texts of the next batches, until there are so many. */
async function texts(from: LiveCapture, count: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < count) {
    const batch = await from.next();
    if (batch === null) break;
    found.push(...packetsIn(batch.bytes).map(({ frame }) => frame.toString('latin1', HEADERS)));
  }
  return found;
}

async function besideCut(): Promise<unknown> {
  const file = await tableOfAnother();
  const own = datagramsToNobody();
  const captured = capture();
  await send('before');
  const before = await texts(captured, 1);
  // It is looked at again now, and is not there.
  await file.truncate();
  const another = datagramsToNobody();
  await another.send(Buffer.from('own'), Int32Array.of(3));
  await send('after');
  const after = await texts(captured, 1);
  await Promise.all([captured, own, another, file].map(async (each) => each.close()));
  return [...before, ...after];
}

async function besideFlood(): Promise<unknown> {
  const file = await tableOfAnother();
  const own = datagramsToNobody();
  const captured = capture();
  const found: string[] = [];
  const generation = Buffer.alloc(4);
  for (let number = 1; number <= 200; number++) {
    generation.writeUInt32LE(number);
    await file.write(generation, 0, 4, GENERATION_AT);
    await send(String(number));
    found.push(...(await texts(captured, 1)));
  }
  await Promise.all([captured, own, file].map(async (each) => each.close()));
  return found.map(Number);
}

async function inFullMemory(): Promise<unknown> {
  const senders = Array.from({ length: 40 }, datagramsToNobody);
  const captured = capture();
  await Promise.all(
    senders.map(async (sender) => sender.send(Buffer.from('own'), Int32Array.of(3))),
  );
  await send('other');
  const found = await texts(captured, 1);
  await Promise.all([captured, ...senders].map(async (each) => each.close()));
  return found;
}

const modes: Record<string, () => Promise<unknown>> = {
  cut: besideCut,
  flood: besideFlood,
  full: inFullMemory,
};
console.log(JSON.stringify(await modes[process.argv[2] ?? '']?.()));
