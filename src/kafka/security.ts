import type { Properties } from './properties.js';

/** How a client shows who it is, as its properties say. */
export interface Security {
  readonly tls: boolean;
  /** Undefined where no SASL is used. */
  readonly mechanism: string | undefined;
  /** What the client calls itself; undefined where its certificate says it, or nothing does. */
  readonly user: string | undefined;
}

export function securityOf(properties: Properties): Security {
  const protocol = (properties.get('security.protocol') ?? 'plaintext').toLowerCase();
  const mechanism = protocol.startsWith('sasl_')
    ? // librdkafka has Kerberos where nothing is said.
      (lastOf(properties, 'sasl.mechanism', 'sasl.mechanisms') ?? 'GSSAPI').toUpperCase()
    : undefined;
  return {
    tls: protocol.endsWith('ssl'),
    mechanism,
    user: userOf(properties, mechanism),
  };
}

function userOf(properties: Properties, mechanism: string | undefined): string | undefined {
  switch (mechanism) {
    case undefined:
    case 'OAUTHBEARER':
      return undefined;
    case 'GSSAPI':
      return properties.get('sasl.kerberos.principal');
    default:
      return properties.get('sasl.username');
  }
}

/** librdkafka's two names for the brokers to begin with. */
const BROKERS = ['bootstrap.servers', 'metadata.broker.list'] as const;

export function brokersOf(properties: Properties): string {
  return lastOf(properties, ...BROKERS) ?? '';
}

/** Whether this property lists brokers. */
export function isListOfBrokers(name: string): boolean {
  return BROKERS.some((known) => known === name);
}

/** The value of a property that has two names: that which was given last. */
function lastOf(properties: Properties, ...names: readonly string[]): string | undefined {
  return [...properties].findLast(([name]) => names.includes(name))?.[1];
}
