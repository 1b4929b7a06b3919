import { nearest } from '../errors/nearest.js';
import { usageError } from '../errors/user-error.js';
import { checkTopicName } from '../kafka/topic-name.js';

/** A host and a port of it. */
export interface ReportServer {
  readonly host: string;
  readonly port: number;
}

/** Files that TLS needs. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Over what a reporter sends. */
export type ReportTransport = 'udp' | 'tcp' | 'tls';

/** Where messages are reported to. */
export type ReportTarget =
  | { readonly kind: 'text'; readonly name?: string }
  | { readonly kind: 'json'; readonly name?: string }
  | {
      readonly kind: 'hep';
      readonly transport: ReportTransport;
      readonly servers: readonly ReportServer[];
      readonly captureId: number;
      readonly version: 2 | 3;
      readonly compresses: boolean;
      readonly password?: string;
      readonly nodeName?: string;
      readonly tls: TlsFiles;
      /** For people: without secrets. */
      readonly name: string;
    }
  | {
      readonly kind: 'captagent';
      readonly transport: 'udp' | 'tcp';
      readonly servers: readonly ReportServer[];
      readonly captureId: number;
      readonly hasPayload: boolean;
      readonly name: string;
    }
  | {
      readonly kind: 'kafka';
      /** A prefix is followed by a hyphen and what messages are: `sip`. */
      readonly topic: string | { readonly prefix: string };
      readonly name: string;
    };

/** The topic that SIP messages go to. */
export function sipTopicOf({ topic }: Extract<ReportTarget, { readonly kind: 'kafka' }>): string {
  return typeof topic === 'string' ? topic : `${topic.prefix}-sip`;
}

const HEP_PORT = 9060;
const EXAMPLE = 'for example --report hep://localhost:9060';
const SCHEMES: Readonly<Record<string, { kind: 'hep' | 'captagent'; transport: ReportTransport }>> =
  {
    hep: { kind: 'hep', transport: 'udp' },
    'hep+tcp': { kind: 'hep', transport: 'tcp' },
    'hep+tls': { kind: 'hep', transport: 'tls' },
    'json+udp': { kind: 'captagent', transport: 'udp' },
    'json+tcp': { kind: 'captagent', transport: 'tcp' },
  };
const HEP_SETTINGS = ['id', 'password', 'compress', 'node', 'version'];
const TLS_SETTINGS = ['ca', 'cert', 'key'];
const CAPTAGENT_SETTINGS = ['id', 'payload'];

/** What a value of --report says; throws a usage error where that is nothing that can be reported to. */
export function parseReportTarget(text: string): ReportTarget {
  if (text === 'text:') return { kind: 'text' };
  if (text === 'json:') return { kind: 'json' };
  const [, topic] = /^kafka:(.*)$/is.exec(text) ?? [];
  if (topic !== undefined)
    return { kind: 'kafka', topic: checkTopicName('--report kafka:', topic), name: text };
  const name = withoutPassword(text);
  const what = `--report ${name}`;
  const [, scheme = '', authority = '', rest = '', query = ''] =
    /^([a-z+]+):\/\/([^/?#]*)(\/[^?#]*)?(?:\?(.*))?$/i.exec(text) ?? [];
  const found = SCHEMES[scheme.toLowerCase()];
  if (!found)
    throw usageError(
      what,
      'no such reporter',
      `use one of: text:, json:, kafka:TOPIC, ${Object.keys(SCHEMES)
        .map((known) => `${known}://`)
        .join(', ')}`,
    );
  if (rest !== '' && rest !== '/') throw usageError(what, 'it takes no path', EXAMPLE);
  const { kind, transport } = found;
  const servers = authority
    .split(',')
    .map((server) => parseServer(what, server, kind === 'hep' ? HEP_PORT : undefined));
  const allowed =
    kind === 'captagent'
      ? CAPTAGENT_SETTINGS
      : [...HEP_SETTINGS, ...(transport === 'tls' ? TLS_SETTINGS : [])];
  const settings = parseSettings(what, query, allowed);
  const captureId = parseNumber(what, settings, 'id', 0, 0xffff_ffff) ?? 0;
  if (kind === 'captagent')
    return {
      kind,
      transport: transport === 'tcp' ? 'tcp' : 'udp',
      ...{ servers, captureId, name },
      hasPayload: parseNumber(what, settings, 'payload', 0, 1) !== 0,
    };
  const version = parseNumber(what, settings, 'version', 2, 3) === 2 ? 2 : 3;
  const compresses = parseNumber(what, settings, 'compress', 0, 1) === 1;
  for (const setting of ['compress', 'password', 'node'])
    if (version === 2 && settings.has(setting))
      throw usageError(what, `HEP 2 has no room for ${setting}`, 'leave out version=2');
  if (version === 2 && transport !== 'udp')
    throw usageError(what, 'HEP 2 does not say where its packets end', 'leave out version=2');
  const password = settings.get('password');
  const nodeName = settings.get('node');
  const [ca, cert, key] = TLS_SETTINGS.map((setting) => settings.get(setting));
  if ((cert === undefined) !== (key === undefined))
    throw usageError(what, 'a certificate and its key go together', 'give both cert= and key=');
  return {
    ...{ kind, transport, servers, captureId, version, compresses, name },
    ...(password !== undefined && { password }),
    ...(nodeName !== undefined && { nodeName }),
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    },
  };
}

function parseServer(what: string, text: string, usualPort: number | undefined): ReportServer {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]@]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined)
    throw usageError(what, `'${text}' is not HOST:PORT`, 'IPv6 addresses stand in brackets');
  const port = digits === undefined ? usualPort : Number(digits);
  if (port === undefined) throw usageError(what, `${text} has no port`, `write ${text}:PORT`);
  if (port < 1 || port > 0xffff)
    throw usageError(what, `${port} is no port`, 'ports are 1 to 65535');
  return { host, port };
}

function parseSettings(
  what: string,
  query: string,
  allowed: readonly string[],
): Map<string, string> {
  const settings = new Map(new URLSearchParams(query));
  for (const name of settings.keys()) {
    if (allowed.includes(name)) continue;
    const meant = nearest(name, allowed);
    throw usageError(
      what,
      `${name}: no such setting`,
      meant === undefined ? `use one of: ${allowed.join(', ')}` : `did you mean ${meant}?`,
    );
  }
  return settings;
}

function parseNumber(
  what: string,
  settings: ReadonlyMap<string, string>,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const text = settings.get(name);
  if (text === undefined) return undefined;
  const number = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(number >= least && number <= most))
    throw usageError(
      what,
      `${name}=${text} is not ${least} to ${most}`,
      `for example ${name}=${least}`,
    );
  return number;
}

function withoutPassword(text: string): string {
  return text.replace(/\b(password)=[^&]*/gi, '$1=***');
}
