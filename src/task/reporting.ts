import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { systemCause, systemError } from '../errors/system-error.js';
import { Throttle } from '../errors/throttle.js';
import { codeOf, messageOf, UserError } from '../errors/user-error.js';
import type { ByteOutput } from '../files/byte-output.js';
import type { Properties } from '../kafka/properties.js';
import { DatagramSocket } from '../net/datagram-socket.js';
import type { HostPort } from '../net/host-port.js';
import { PeerConnection, type TlsOptions } from '../net/peer-connection.js';
import { packageVersion } from '../package-version.js';
import type { Scope } from '../pipeline/scope.js';
import type { Stop } from '../pipeline/stop.js';
import type { Reporter as Who } from '../reports/record-form.js';
import { CaptagentJson } from '../sinks/captagent-json.js';
import { CaptagentMedia } from '../sinks/captagent-media.js';
import { CaptagentRecords } from '../sinks/captagent-records.js';
import { DatagramOutlet } from '../sinks/datagram-outlet.js';
import {
  EncodedReporter,
  type EncodedReporterOptions,
  type WaitingBound,
} from '../sinks/encoded-reporter.js';
import { HepMedia } from '../sinks/hep-media.js';
import { HepPackets } from '../sinks/hep-packets.js';
import { JsonLines } from '../sinks/json-lines.js';
import { LineColumns } from '../sinks/line-columns.js';
import type { MediaEncoder } from '../sinks/media-encoder.js';
import { MediaJsonLines } from '../sinks/media-json-lines.js';
import { MediaLines } from '../sinks/media-lines.js';
import type { ReportedMedia } from '../sinks/media-reader.js';
import type { MessageEncoder } from '../sinks/message-encoder.js';
import type { Outlet } from '../sinks/outlet.js';
import { MqttEnvelopes } from '../sinks/mqtt-envelopes.js';
import { MqttMedia } from '../sinks/mqtt-media.js';
import { OutputOutlet } from '../sinks/output-outlet.js';
import type { Reporter } from '../sinks/reporter.js';
import { SharedReporter } from '../sinks/shared-reporter.js';
import { SipLines, type SipLinesOptions } from '../sinks/sip-lines.js';
import { StreamOutlet } from '../sinks/stream-outlet.js';
import type { TlsFiles } from './report-settings.js';
import type { ReportTarget } from './report-target.js';
import { openTopicReporter, type TopicReportingParts } from './topic-reporting.js';

/** Encoded messages that may wait for a reporter that must not hold up the run. */
const WAITING_BYTES = 16 * 1024 * 1024;

/** What is in the files. */
type TlsBytes = Partial<Record<keyof TlsFiles, Buffer>>;

/** How often the same error of datagrams is logged. */
const REPEAT_TROUBLE_MS = 10_000;

/** The codes of a connection that may come about later. */
const AWAY = ['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNRESET'];

export interface ReportingOptions {
  readonly targets: readonly [ReportTarget, ...ReportTarget[]];
  readonly lines: SipLinesOptions;
  readonly who: Who;
  /** Whether a slow reporter holds up the run: where packets can wait, as those of files do. */
  readonly waits: boolean;
  /** How long the end of a run waits for a reporter that takes nothing, if not as long as usual. */
  readonly patienceMs?: number | undefined;
  /** What errors call the reporter; by default the option --report. */
  readonly what?: string;
  /** Which media of the calls is reported; none if not given. */
  readonly media?: ReportedMedia | undefined;
  /** What else bounds the messages that wait for a reporter that does not hold up the run. */
  readonly waiting?: Omit<WaitingBound, 'dropBeyondBytes'>;
  /** How Kafka is reached, where something goes there. */
  readonly kafka?: Properties | undefined;
}

/** Opens all reporters in the scope. */
export async function openReporters(
  options: ReportingOptions,
  parts: {
    readonly openOutput: () => ByteOutput;
    readonly stop: Stop;
  } & TopicReportingParts,
  scope: Scope,
): Promise<Reporter[]> {
  const reporters: Reporter[] = [];
  for (const target of options.targets)
    reporters.push(scope.own(await openReporter(target, options, parts)));
  return reporters;
}

type Parts = Parameters<typeof openReporters>[1];

/** Opens one; the caller owns it. */
export async function openReporter(
  target: ReportTarget,
  options: Omit<ReportingOptions, 'targets'>,
  parts: Parts,
): Promise<Reporter> {
  const { log } = parts;
  const common = {
    whenSlow: options.waits
      ? ('wait' as const)
      : { dropBeyondBytes: WAITING_BYTES, ...options.waiting },
    patienceMs: options.patienceMs,
    onFailure: (error: unknown) => {
      log.error(`report to ${nameOf(target)} failed: ${messageOf(error)}`);
    },
  };
  if (target.kind === 'text' || target.kind === 'json')
    return new EncodedReporter({
      ...common,
      name: nameOf(target),
      ...(target.kind === 'text' ? lineEncoders(options) : jsonEncoders(options)),
      outlet: openOutputOutlet(parts),
    });
  if (target.kind === 'kafka') return openTopicReporter(target, options, common, parts);
  const what = options.what ?? `--report ${nameOf(target)}`;
  if (target.kind === 'mqtt') return openMqttReporter(target, options, common, { what, log });
  const { servers } = target;
  const tls = target.kind === 'hep' ? await readTlsFiles(target.tls) : {};
  const shares: Reporter[] = [];
  try {
    for (const [index, server] of servers.entries())
      shares.push(
        new EncodedReporter({
          ...common,
          name: target.name,
          ...networkEncoders(target, options),
          outlet: await openOutlet(target, server, tls, { what, log }),
          ...(servers.length > 1 && { share: { index, of: servers.length } }),
        }),
      );
  } catch (error) {
    await Promise.all(shares.map((share) => share.close()));
    throw error;
  }
  const [only] = shares;
  return only && shares.length === 1 ? only : new SharedReporter(target.name, shares);
}

async function openMqttReporter(
  target: Extract<ReportTarget, { readonly kind: 'mqtt' }>,
  { who, media }: Pick<ReportingOptions, 'who' | 'media'>,
  common: Pick<EncodedReporterOptions, 'whenSlow' | 'patienceMs' | 'onFailure'>,
  { what, log }: { readonly what: string; readonly log: Logger },
): Promise<Reporter> {
  const { name, topic } = target;
  await resolve(what, target.host);
  // Loaded here: nothing else needs it.
  const { openMqttOutlet } = await import('./mqtt-reporting.js');
  const outlet = await openMqttOutlet(target, {
    tls: await readTlsFiles(target.tls),
    ...{ what, log },
    isAway: (error) => AWAY.includes(codeOf(error) ?? ''),
  });
  const encoder = new MqttEnvelopes(topic, packageVersion());
  const mediaEncoder = media === 'all' ? new MqttMedia(topic, who) : undefined;
  return new EncodedReporter({ ...common, name, encoder, mediaEncoder, outlet });
}

function nameOf(target: ReportTarget): string {
  return target.name ?? `${target.kind}:`;
}

interface Encoders {
  readonly encoder: MessageEncoder;
  readonly mediaEncoder: MediaEncoder;
}

function lineEncoders({ lines }: Pick<ReportingOptions, 'lines'>): Encoders {
  const columns = new LineColumns(lines.colours);
  return { encoder: new SipLines(columns, lines), mediaEncoder: new MediaLines(columns) };
}

function jsonEncoders({ who }: Pick<ReportingOptions, 'who'>): Encoders {
  return { encoder: new JsonLines(who), mediaEncoder: new MediaJsonLines(who) };
}

function openOutputOutlet({ openOutput, stop }: Parts): Outlet {
  const output = openOutput();
  // As `tcpdump | head` ends tcpdump.
  output.onReaderLeft(() => {
    stop.request();
  });
  return new OutputOutlet(output);
}

type NetworkTarget = Extract<ReportTarget, { readonly servers: unknown }>;

function networkEncoders(
  target: NetworkTarget,
  { media }: Pick<ReportingOptions, 'media'>,
): Pick<EncodedReporterOptions, 'encoder' | 'mediaEncoder'> {
  const isDatagram = target.transport === 'udp';
  if (target.kind === 'hep')
    return {
      encoder: new HepPackets({ ...target, isDatagram }),
      // HEP 2 does not say what is in it.
      mediaEncoder: target.version === 3 ? new HepMedia({ ...target, isDatagram }) : undefined,
    };
  const records = new CaptagentRecords({ ...target, endsLines: !isDatagram });
  return {
    encoder: new CaptagentJson(records),
    // Only where it was asked for: HEP's collectors alone expect some in any case.
    mediaEncoder: media === 'all' ? new CaptagentMedia(records) : undefined,
  };
}

async function openOutlet(
  { transport, name }: NetworkTarget,
  { host, port }: HostPort,
  tls: TlsOptions,
  { what, log }: { readonly what: string; readonly log: Logger },
): Promise<Outlet> {
  const address = await resolve(what, host);
  if (transport === 'udp') {
    const throttle = new Throttle(REPEAT_TROUBLE_MS);
    return new DatagramOutlet(openSocket(what, address, port), (code) => {
      if (throttle.admits(code))
        log.warn(`${name}: ${host}:${port}: ${code}; the messages that it refuses are counted`);
    });
  }
  const connection = new PeerConnection(
    { host, port, tls: transport === 'tls' ? tls : undefined },
    {
      onTrouble: (error) => {
        log.warn(`${name}: ${host}:${port}: ${systemCause(error)}; trying again`);
      },
      onConnected: () => {
        log.info(`${name}: connected to ${host}:${port}`);
      },
    },
  );
  await connection.tryOnce().catch((error: unknown) => {
    if (!AWAY.includes(codeOf(error) ?? '') && transport === 'tls')
      throw new UserError(what, `TLS with ${host}:${port}: ${systemCause(error)}`, {
        remedy: 'check the port, and the certificates that ca=, cert= and key= name',
      });
    log.warn(`${name}: ${host}:${port}: ${systemCause(error)}; trying again`);
  });
  return new StreamOutlet(connection);
}

function openSocket(what: string, address: string, port: number): DatagramSocket {
  try {
    return new DatagramSocket(address, port);
  } catch (error) {
    throw new UserError(what, systemCause(error));
  }
}

async function resolve(what: string, host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    const code = codeOf(error) ?? messageOf(error);
    throw new UserError(
      what,
      code === 'ENOTFOUND' ? `no host is called ${host}` : `look up ${host}: ${code}`,
      { remedy: 'check the name, or give an address' },
    );
  }
}

async function readTlsFiles(files: TlsFiles): Promise<TlsBytes> {
  const read = async (setting: string, path: string | undefined) => {
    if (path === undefined) return {};
    const bytes = await readFile(path).catch((error: unknown) => {
      throw systemError(`${setting}=${path}`, error, {
        named: { verb: 'name', noun: 'file' },
        use: 'read',
        missing: 'check the path',
      });
    });
    return { [setting]: bytes };
  };
  return {
    ...(await read('ca', files.ca)),
    ...(await read('cert', files.cert)),
    ...(await read('key', files.key)),
  };
}
