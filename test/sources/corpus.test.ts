import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';

import { UserError } from '#kcap/errors/user-error.js';
import { FileSource } from '#kcap/sources/file.js';

import { packetsIn } from '../packet/packets.js';
import type { CapturedPacket } from '../support/captures/capture.js';
import { corpus } from '../support/captures/corpus.js';
import { tempFolder } from '../support/temp-folder.js';

describe('of the corpus', () => {
  for (const capture of corpus()) {
    test(`${capture.name}: every packet is read as it was written`, async (t) => {
      const file = path.join(await tempFolder(t), capture.name);
      await writeFile(file, capture.bytes);
      const source = await FileSource.open([file], undefined);
      const seen: CapturedPacket[] = [];
      const reading = async () => {
        for await (const { bytes, link, count } of source.batches(new AbortController().signal)) {
          const { linkType, precision } = link;
          const packets = packetsIn(bytes);
          assert.equal(packets.length, count);
          for (const packet of packets) {
            assert.ok(packet.frame.length <= link.snapLength);
            const named = link.interface === undefined ? {} : { interface: link.interface };
            // The batch's memory is used again.
            const frame = Buffer.from(packet.frame);
            seen.push({ ...packet, frame, linkType, precision, ...named });
          }
        }
      };
      if (capture.problem === undefined) await reading();
      else await assert.rejects(reading, (error) => isProblem(error, file, capture.problem));
      assert.deepEqual(seen, capture.packets);
      const outcomes = [...source.account().outcomes.values()];
      const counted = outcomes.map(({ cause, packets }) => [cause.text, packets] as const);
      assert.deepEqual(Object.fromEntries(counted), capture.unusable ?? {});
    });
  }
});

function isProblem(error: unknown, file: string, problem: string | undefined): boolean {
  assert.ok(error instanceof UserError, String(error));
  assert.equal(error.message, `read ${file}: ${problem ?? ''}`);
  assert.equal(error.exitStatus, 1);
  return true;
}
