import { usageError } from '../errors/user-error.js';
import type { HostPort } from '../net/host-port.js';
import {
  parseServer,
  parseSettings,
  parseTlsFiles,
  TLS_SETTINGS,
  type TlsFiles,
} from './report-settings.js';

export type MqttProtocol = 'mqtt' | 'mqtts' | 'ws' | 'wss';

/** An MQTT broker, and a topic there. */
export interface MqttTarget extends HostPort {
  readonly kind: 'mqtt';
  readonly protocol: MqttProtocol;
  /** Of WebSocket. */
  readonly path?: string;
  readonly topic: string;
  /** Where counters are published. */
  readonly telemetry?: string;
  readonly clientId?: string;
  readonly user?: string;
  readonly password?: string;
  readonly tls: TlsFiles;
  /** For people: without secrets. */
  readonly name: string;
}

export const MQTT_PORTS: Readonly<Record<MqttProtocol, number>> = {
  mqtt: 1883,
  mqtts: 8883,
  ws: 80,
  wss: 443,
};
const USUAL_PATH = '/mqtt';
const EXAMPLE = 'for example --report mqtt://localhost/sip/fra1';
/** Of a topic's name, as bytes (MQTT 3.1.1, section 1.5.3). */
const MAX_TOPIC_BYTES = 0xffff;

/** @param url.rest what stands between the server and the settings */
export function parseMqttTarget(
  what: string,
  url: {
    readonly protocol: MqttProtocol;
    readonly authority: string;
    readonly rest: string;
    readonly query: string;
    readonly name: string;
  },
): MqttTarget {
  const { protocol, authority, rest, query, name } = url;
  const isWebSocket = protocol === 'ws' || protocol === 'wss';
  const server = parseServer(what, authority, MQTT_PORTS[protocol]);
  const settings = parseSettings(what, query, [
    ...['client', 'user', 'password', 'telemetry'],
    ...(isWebSocket ? ['path'] : []),
    ...(protocol === 'mqtts' || protocol === 'wss' ? TLS_SETTINGS : []),
  ]);
  const topic = checkTopic(what, decoded(what, rest.slice(1)));
  const [telemetry, clientId, user, password] = ['telemetry', 'client', 'user', 'password'].map(
    (setting) => settings.get(setting),
  );
  if (password !== undefined && user === undefined)
    throw usageError(what, 'a password needs a user', 'give user= as well');
  return {
    ...{ kind: 'mqtt', protocol, ...server, topic, name },
    ...(isWebSocket && { path: settings.get('path') ?? USUAL_PATH }),
    ...(telemetry !== undefined && { telemetry: checkTopic(`${what}, telemetry`, telemetry) }),
    ...(clientId !== undefined && { clientId }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    tls: parseTlsFiles(what, settings),
  };
}

function decoded(what: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw usageError(what, 'a % is not followed by two digits', 'write %25 for a %');
  }
}

/** A name that can be published to. */
function checkTopic(what: string, topic: string): string {
  if (topic === '') throw usageError(what, 'it names no topic', EXAMPLE);
  if (/[+#\0]/.test(topic))
    throw usageError(what, `a topic that is published to has no + or #`, EXAMPLE);
  if (Buffer.byteLength(topic) > MAX_TOPIC_BYTES)
    throw usageError(what, 'the topic is too long', EXAMPLE);
  return topic;
}
