import { usageError } from '../errors/user-error.js';
import { checkTopicName } from '../kafka/topic-name.js';
import type { HostPort } from '../net/host-port.js';
import { MQTT_PORTS, parseMqttTarget, type MqttProtocol, type MqttTarget } from './mqtt-target.js';
import {
  parseNumber,
  parseServer,
  parseSettings,
  parseTlsFiles,
  TLS_SETTINGS,
  type TlsFiles,
} from './report-settings.js';

/** Over what a reporter sends. */
export type ReportTransport = 'udp' | 'tcp' | 'tls';

/** Where messages are reported to. */
export type ReportTarget =
  | { readonly kind: 'text'; readonly name?: string }
  | { readonly kind: 'json'; readonly name?: string }
  | {
      readonly kind: 'hep';
      readonly transport: ReportTransport;
      readonly servers: readonly HostPort[];
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
      readonly servers: readonly HostPort[];
      readonly captureId: number;
      readonly hasPayload: boolean;
      readonly name: string;
    }
  | {
      readonly kind: 'kafka';
      /** A prefix is followed by a hyphen and what is sent: `sip`, `rtp` or `rtcp`. */
      readonly topic: string | { readonly prefix: string };
      readonly name: string;
    }
  | MqttTarget;

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
  const protocol = scheme.toLowerCase();
  if (isMqtt(protocol)) return parseMqttTarget(what, { protocol, authority, rest, query, name });
  const found = SCHEMES[protocol];
  if (!found)
    throw usageError(
      what,
      'no such reporter',
      `use one of: text:, json:, kafka:TOPIC, ${[
        ...Object.keys(SCHEMES),
        ...Object.keys(MQTT_PORTS),
      ]
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
  return {
    ...{ kind, transport, servers, captureId, version, compresses, name },
    ...(password !== undefined && { password }),
    ...(nodeName !== undefined && { nodeName }),
    tls: parseTlsFiles(what, settings),
  };
}

function isMqtt(protocol: string): protocol is MqttProtocol {
  return protocol in MQTT_PORTS;
}

function withoutPassword(text: string): string {
  return text.replace(/\b(password)=[^&]*/gi, '$1=***');
}
