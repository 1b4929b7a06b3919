import { constants, openSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import path from 'node:path';

import { runCommand } from '#support/run-command.js';
import { waitFor } from '#support/wait-for.js';
import type { LatencyCase } from '../cases.js';
import { type Contender, captureCommand, readCommand } from '../contenders.js';
import { percentile } from '../report/statistics.js';
import { MeasuredProcess } from '../rig/measured-process.js';
import { PcapArrivals } from '../rig/pcap-arrivals.js';
import type { Scope } from '../rig/scope.js';
import { sendTraffic } from '../rig/traffic.js';
import type { Turn } from '../run.js';
import type { Session } from '../session.js';
import { sendersProperties } from './properties.js';

/** The first ones meet connections that are only being made. */
const WARM_UP = 10;
const FRAMES = 100;
const FRAMES_PER_SECOND = 20;
const LIMIT_MS = 5000;

/**
 * A contender captures frames on a quiet link, and the same contender reads the topic: how long after the kernel's
 * time stamp a frame is complete in the output.
 */
export async function latencyTurn(
  session: Session,
  scope: Scope,
  spec: LatencyCase,
  contender: Contender,
): Promise<Turn> {
  const { cluster, veth, frames, folder, signal } = session;
  const topic = await cluster.freshTopic(scope, spec);
  const properties = sendersProperties(session, spec);
  const latenciesMs: number[] = [];
  const now = wallClock();
  const pipe = path.join(folder, 'latency.pipe');
  const output = await readPipe(scope, pipe, (seconds) => {
    latenciesMs.push((now() - seconds) * 1000);
  });

  const reader = new MeasuredProcess(scope, {
    command: readCommand(contender, { topic, properties, packets: Infinity }),
    stdout: output.fd,
    folder,
    signal,
  });
  await output.close();
  const capture = new MeasuredProcess(scope, {
    command: captureCommand(contender, {
      ...{ topic, properties, packed: spec.packed },
      interface: veth.inside,
    }),
    stdout: 'ignore',
    folder,
    signal,
  });
  await Promise.all([reader.started(), capture.started()]);
  const sent = await sendTraffic(veth, {
    file: await frames.file(spec.frameBytes),
    packets: WARM_UP + FRAMES,
    rate: FRAMES_PER_SECOND,
    signal,
  });
  await waitFor(() => latenciesMs.length >= sent.packets, {
    limitMs: LIMIT_MS,
    what: `${sent.packets} packets in the output, of which ${latenciesMs.length} came`,
  });
  const measured = latenciesMs.slice(WARM_UP);
  const medianMs = percentile(measured, 50);
  return {
    contender,
    figure: medianMs,
    latency: { medianMs, p99Ms: percentile(measured, 99), maxMs: Math.max(...measured) },
  };
}

/** Reads a named pipe; the writing end that it gives is for the process that writes. */
async function readPipe(scope: Scope, file: string, onRecord: (seconds: number) => void) {
  await runCommand('mkfifo', file);
  scope.after(() => rm(file, { force: true }));
  const reading = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const writing = await open(file, 'w');
  const arrivals = new PcapArrivals(onRecord);
  const socket = new Socket({ fd: reading, readable: true, writable: false });
  socket.on('data', (bytes: Buffer) => {
    arrivals.push(bytes);
  });
  scope.after(() => socket.destroy());
  return writing;
}

/** Seconds since 1970 on the clock that time stamps of packets come from, finer than Date.now()'s milliseconds. */
function wallClock(): () => number {
  const last = Date.now();
  while (Date.now() === last);
  const offsetMs = Date.now() - performance.now();
  return () => (offsetMs + performance.now()) / 1000;
}
