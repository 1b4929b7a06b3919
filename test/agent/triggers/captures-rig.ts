import path from 'node:path';
import type { TestContext } from 'node:test';

import pino from 'pino';

import type { CaptureMemory } from '#kcap/agent/triggers/capture-memory.js';
import { Captures, type CaptureSettings } from '#kcap/agent/triggers/captures.js';
import type { CapturedFile, UploadTarget } from '#kcap/uploads/captured-file.js';
import { KeptFiles } from '#kcap/uploads/kept-files.js';
import { Uploads } from '#kcap/uploads/uploads.js';

import { tempFolder } from '../../support/temp-folder.js';
import { waitFor } from '../../support/wait-for.js';
import { BOUNDS } from './messages.js';

/** A record of the log. */
export type Said = Readonly<Record<string, unknown>> & {
  readonly event?: string;
  readonly msg: string;
};

export interface CapturesRig {
  readonly captures: Captures;
  /** Files that the target has taken. */
  readonly taken: readonly CapturedFile[];
  /** Until it is opened again, the target takes none. */
  shut(): void;
  open(): void;
  /** The records with this event, once there are so many. */
  readonly said: (event: string, count?: number) => Promise<readonly Said[]>;
  readonly log: pino.Logger;
}

/** Captures with one target, in memory. */
export async function capturesRig(
  t: TestContext,
  settings: Partial<CaptureSettings> = {},
  atOnce = 10,
  memory: CaptureMemory = { boundBytes: () => 2 ** 40, leftBytes: () => 2 ** 40 },
): Promise<CapturesRig> {
  const records: Said[] = [];
  const log = pino({ base: null }, { write: (line) => records.push(JSON.parse(line) as Said) });
  const taken: CapturedFile[] = [];
  let gate: Promise<void> | undefined;
  let openGate: () => void = () => undefined;
  const target: UploadTarget = {
    name: 's3',
    send: async (file) => {
      await gate;
      taken.push(file);
      return `s3://pcaps/${file.name}`;
    },
  };
  const kept = await KeptFiles.open(path.join(await tempFolder(t), 'failed'), () => ({
    ...{ files: 1000, bytes: 2 ** 30 },
  }));
  const captures = new Captures(
    {
      ...{ host: 'fw', bounds: BOUNDS, aliases: new Map(), format: 'pcap', bufferMiB: 4 },
      ...{ logsRequests: false, logsPackets: false, ...settings },
    },
    {
      ...{ atOnce, memory, application: 'kcap test', log },
      uploads: new Uploads([target], { kept, log }),
    },
  );
  t.after(async () => {
    openGate();
    await captures.close();
  });
  return {
    captures,
    taken,
    log,
    shut: () => {
      gate = new Promise((resolve) => (openGate = resolve));
    },
    open: () => {
      openGate();
      gate = undefined;
    },
    said: (event, count = 1) => {
      const found = () => records.filter((record) => record.event === event);
      return waitFor(() => found().length >= count && found(), {
        limitMs: 20_000,
        what: `${count} records of ${event}, of ${JSON.stringify(records)}`,
      });
    },
  };
}
