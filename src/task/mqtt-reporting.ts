import type { Logger } from 'pino';
import { systemCause } from '../errors/system-error.js';
import { UserError } from '../errors/user-error.js';
import { MqttConnection, type MqttTls } from '../mqtt/mqtt-connection.js';
import { connectOwn } from '../net/own-connections.js';
import { MqttOutlet } from '../sinks/mqtt-outlet.js';
import type { MqttTarget } from './mqtt-target.js';

/** How often counters are published. */
const TELEMETRY_MS = 30_000;

/**
 * Opens the way to an MQTT broker. Throws a UserError where it refuses, or TLS fails; where it is away, which is logged,
 * it is tried again.
 *
 * @param parts.isAway whether an error means that nobody is there now
 */
export async function openMqttOutlet(
  target: MqttTarget,
  parts: {
    readonly tls: MqttTls;
    readonly log: Logger;
    /** What errors call the reporter. */
    readonly what: string;
    readonly isAway: (error: unknown) => boolean;
  },
): Promise<MqttOutlet> {
  const { host, port, name, telemetry } = target;
  const { log, what } = parts;
  const trouble = (error: unknown) => {
    log.warn(`${name}: ${host}:${port}: ${systemCause(error)}; trying again`);
  };
  const connection = new MqttConnection(
    { ...target, tls: parts.tls },
    {
      onConnected: () => {
        log.info(`${name}: connected to ${host}:${port}`);
        outlet.connected();
      },
      onLost: (error) => {
        outlet.lost();
        trouble(error);
      },
      onAcknowledged: (identifier) => {
        outlet.acknowledge(identifier);
      },
    },
    connectOwn,
  );
  const outlet = new MqttOutlet(
    connection,
    telemetry === undefined
      ? undefined
      : {
          everyMs: TELEMETRY_MS,
          publish: (counters) => {
            connection.publish(telemetry, JSON.stringify(counters));
          },
        },
  );
  try {
    await connection.open();
  } catch (error) {
    if (parts.isAway(error)) {
      trouble(error);
      return outlet;
    }
    await outlet.close();
    const usesTls = target.protocol === 'mqtts' || target.protocol === 'wss';
    throw new UserError(what, `${host}:${port}: ${systemCause(error)}`, {
      remedy: usesTls
        ? 'check the port, the certificates that ca=, cert= and key= name, and user= and password='
        : 'check the port, and user= and password=',
    });
  }
  return outlet;
}
