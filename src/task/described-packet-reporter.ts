import path from 'node:path';
import { linkTypeName } from '../capture/link-type.js';
import { UserError } from '../errors/user-error.js';
import { messageHeaders } from '../kafka/message-headers.js';
import { slownessOf } from '../kafka/request-bounds.js';
import type { Account } from '../pipeline/account.js';
import type { Sink } from '../pipeline/contracts.js';
import type { Scope } from '../pipeline/scope.js';
import { DeliveryWatch } from '../watchdogs/delivery-watch.js';
import type { Watchdog } from '../watchdogs/watchdog.js';
import type { ReporterParts } from './described-reporters.js';
import { refuseLoop, reporterProperties } from './described-kafka.js';
import type { FileReporter } from './description/file-reporters.js';
import type { FramesReporter, ReporterDescription } from './description/reporters.js';
import type { TaskDescription } from './description/task.js';
import { openCopySink } from './local-copy.js';
import { openLines } from './printing.js';
import { findTopic, openTopicSink, type SendingOptions } from './sending.js';

const PACK_BYTES = 64 * 1024;
const PACK_MS = 50;
const SPOOL_BYTES = 1024 ** 3;
/** How long the end of a task waits for brokers that take nothing. */
const DRAIN_MS = 10_000;

interface PacketReporter {
  readonly sink: Sink;
  readonly watchdogs: readonly Watchdog[];
}

/** Opens, in the scope, what takes the packets of a task. */
export async function openPacketReporter(
  reporter: ReporterDescription,
  task: TaskDescription,
  scope: Scope,
  parts: ReporterParts,
): Promise<PacketReporter> {
  const { stop, openConsole } = parts;
  switch (reporter.name) {
    case 'frames':
      return openFrames(reporter, task, scope, parts);
    case 'file':
      return { sink: await openFile(reporter, scope, parts), watchdogs: [] };
    case 'console':
      if (reporter.format === 'json')
        throw new UserError(`reporter ${reporter.id}`, 'only messages are written as JSON', {
          ...{ remedy: 'add parsers: [sip], or leave out format: json', exitStatus: 2 },
        });
      return {
        sink: openLines(
          { verbose: false, dump: 'none', colours: false },
          { stop, openOutput: openConsole },
          scope,
        ),
        watchdogs: [],
      };
    case 'upload':
      if (!parts.openUpload)
        throw new UserError(`reporter ${reporter.id}`, 'nothing is uploaded here', {
          remedy: 'write a file instead',
        });
      return { sink: await parts.openUpload(reporter, task, scope, parts.log), watchdogs: [] };
    default:
      throw new Error(`${reporter.name} takes no packets`);
  }
}

async function openFrames(
  reporter: FramesReporter,
  task: TaskDescription,
  scope: Scope,
  parts: ReporterParts,
): Promise<PacketReporter> {
  const { waits, log } = parts;
  const options = sendingOptions(reporter, task, parts);
  const start = await findTopic(options, log, parts.askTopic);
  const sink = await openTopicSink(
    { ...options, sourceWaits: waits },
    { ...{ scope, start, log }, lines: undefined },
  );
  const roundTripMs = 'roundTripMs' in start ? start.roundTripMs : 0;
  const slowness = slownessOf(options.properties, roundTripMs, options.pack !== undefined);
  const watch = new DeliveryWatch(log, slowness);
  // Of a task with several reporters, its own part of the account.
  const own = (account: Account) => account.branches?.get(reporter.id) ?? account;
  return {
    sink,
    watchdogs: [
      {
        look: (account, nowMs) => {
          watch.look(own(account), nowMs);
        },
      },
    ],
  };
}

function sendingOptions(
  reporter: FramesReporter,
  { capture }: TaskDescription,
  parts: ReporterParts,
): SendingOptions {
  const { id, topic, pack, headers, identify, fallback, partitionBy } = reporter;
  const given = Object.entries(headers).map(([name, value]) => `${name}=${value}`);
  const above = parts.defaults.connection;
  const properties = reporterProperties(reporter, above);
  refuseLoop(reporter, { topics: [topic], properties }, { capture, above });
  return {
    ...{ topic, properties, partitionBy, identify, prettyEvery: 0, drainTimeoutMs: DRAIN_MS },
    timestamp: reporter.timestamp ?? (capture.name === 'file' ? 'now' : 'packet'),
    headers: messageHeaders(given, identify),
    pack: pack && {
      bytes: pack.bytes ?? PACK_BYTES,
      mayGrow: pack.bytes === undefined,
      ageMs: pack.ms ?? PACK_MS,
    },
    spool:
      fallback === 'spool'
        ? {
            path: path.join(parts.spoolFolder, id),
            bytes: reporter.spoolBytes ?? SPOOL_BYTES,
          }
        : undefined,
  };
}

async function openFile(
  { id, path: file, format, ring }: FileReporter,
  scope: Scope,
  { linkTypes, application, log }: ReporterParts,
): Promise<Sink> {
  if (linkTypes.size > 1 && format !== 'pcapng')
    throw new UserError(
      `reporter ${id}`,
      `the interfaces have several link types (${[...linkTypes].map(linkTypeName).join(', ')}), ` +
        'and a pcap file holds one',
      { remedy: 'add format: pcapng', exitStatus: 2 },
    );
  return scope.own(
    await openCopySink(
      {
        ...{ file, fileFormat: format, ring },
        linkType: undefined,
        application,
      },
      log,
    ),
  );
}
