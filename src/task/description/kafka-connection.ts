import { z } from 'zod';
import { LIST, OPTIONAL_TEXT, SCALARS, section } from '../../documents/values.js';
import { parted, withRemedy } from '../../documents/explained.js';
import { UserError } from '../../errors/user-error.js';
import { checkBrokers } from '../../kafka/broker-address.js';
import { checkProperty, type Properties } from '../../kafka/properties.js';

/** Where brokers are, and how to get in: a part of it that is left out is as in the section above it. */
export interface KafkaConnection {
  /** `HOST[:PORT]` each; undefined for those of the section above. */
  readonly brokers: readonly string[] | undefined;
  /** Undefined: as above; false: none. */
  readonly sasl: SaslSettings | false | undefined;
  readonly tls: TlsSettings | false | undefined;
  /** librdkafka's properties; they win over all else. */
  readonly properties: Properties;
}

export interface SaslSettings {
  readonly mechanism: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export interface TlsSettings {
  readonly caCert: string | undefined;
  readonly clientCert: string | undefined;
  readonly clientKey: string | undefined;
  readonly insecureSkipVerify: boolean;
}

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'GSSAPI', 'OAUTHBEARER'] as const;

const SASL = section({
  enabled: z.boolean().optional().describe('authenticate to the brokers (false)'),
  mechanism: z
    .union([z.literal(''), z.enum(MECHANISMS)])
    .optional()
    .describe('PLAIN (default), SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI or OAUTHBEARER'),
  username: OPTIONAL_TEXT.describe('user'),
  password: OPTIONAL_TEXT.describe('password; best from the environment: ${KAFKA_PASSWORD}'),
})
  .transform(({ enabled, mechanism, username, password }): SaslSettings | false | undefined => {
    if (enabled !== true) return enabled === false ? false : undefined;
    return {
      mechanism: mechanism === undefined || mechanism === '' ? 'PLAIN' : mechanism,
      ...{ username, password },
    };
  })
  .optional();

/** TLS of a client; also of reporters that are not Kafka's. */
export const TLS_SHAPE = {
  ca_cert: OPTIONAL_TEXT.describe("file with the authorities' certificates, PEM"),
  client_cert: OPTIONAL_TEXT.describe("file with the client's certificate, PEM"),
  client_key: OPTIONAL_TEXT.describe('file with its key, PEM'),
};

const TLS = section({
  enabled: z.boolean().optional().describe('encrypt connections (false)'),
  ...TLS_SHAPE,
  insecure_skip_verify: z
    .boolean()
    .optional()
    .describe(
      'take any certificate from a broker (false); whoever is in between can read and change everything',
    ),
})
  .transform((tls, context): TlsSettings | false | undefined => {
    if (tls.enabled !== true) return tls.enabled === false ? false : undefined;
    if ((tls.client_cert === undefined) !== (tls.client_key === undefined))
      context.addIssue('a certificate and its key go together\ngive client_cert and client_key');
    return {
      ...{ caCert: tls.ca_cert, clientCert: tls.client_cert, clientKey: tls.client_key },
      insecureSkipVerify: tls.insecure_skip_verify === true,
    };
  })
  .optional();

const BROKERS = LIST.transform((brokers, context) => {
  usable(context, [], () => {
    checkBrokers('brokers', brokers.join(','));
  });
  return brokers.length > 0 ? brokers : undefined;
}).optional();

const PROPERTIES = SCALARS.transform((given, context): Properties => {
  const properties = new Map(Object.entries(given));
  for (const [name, value] of properties)
    usable(context, [name], () => checkProperty(name, name, value));
  return properties;
}).prefault({});

/** The keys of a connection. */
export const KAFKA_SHAPE = {
  brokers: BROKERS.describe('brokers to connect to first, HOST:PORT each'),
  sasl: SASL.describe('who the client is'),
  tls: TLS.describe('encryption'),
  properties: PROPERTIES.describe("librdkafka's properties, as with -X"),
};

/** A section that says nothing but where brokers are, and how to get in. */
export const KAFKA_CONNECTION = section(KAFKA_SHAPE).transform(
  ({ brokers, sasl, tls, properties }): KafkaConnection => ({ brokers, sasl, tls, properties }),
);

const NONE: KafkaConnection = {
  ...{ brokers: undefined, sasl: undefined, tls: undefined },
  properties: new Map(),
};

/** @param layers each wins over those before it, part by part */
export function mergedConnection(
  ...layers: readonly (KafkaConnection | undefined)[]
): KafkaConnection {
  return layers.reduce<KafkaConnection>(
    (below, layer) => ({
      brokers: layer?.brokers ?? below.brokers,
      sasl: layer?.sasl ?? below.sasl,
      tls: layer?.tls ?? below.tls,
      properties: new Map([...below.properties, ...(layer?.properties ?? [])]),
    }),
    NONE,
  );
}

/**
 * What librdkafka is given, as the commands have it of -k and -X.
 *
 * @param layers each wins over those before it, part by part
 */
export function kafkaProperties(...layers: readonly (KafkaConnection | undefined)[]): Properties {
  const { brokers, sasl, tls, properties } = mergedConnection(...layers);
  const given: [name: string, value: string | undefined][] = [
    ['bootstrap.servers', brokers?.join(',')],
    ['security.protocol', protocolOf(sasl, tls)],
    ...(sasl
      ? ([
          ['sasl.mechanism', sasl.mechanism],
          ['sasl.username', sasl.username],
          ['sasl.password', sasl.password],
        ] as const)
      : []
    ).map(([name, value]): [string, string | undefined] => [name, value]),
    ...(tls
      ? ([
          ['ssl.ca.location', tls.caCert],
          ['ssl.certificate.location', tls.clientCert],
          ['ssl.key.location', tls.clientKey],
          ['enable.ssl.certificate.verification', tls.insecureSkipVerify ? 'false' : undefined],
        ] as const)
      : []
    ).map(([name, value]): [string, string | undefined] => [name, value]),
  ];
  return new Map([
    ...given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ...properties,
  ]);
}

function protocolOf(
  sasl: KafkaConnection['sasl'],
  tls: KafkaConnection['tls'],
): string | undefined {
  if (sasl) return tls ? 'sasl_ssl' : 'sasl_plaintext';
  return tls ? 'ssl' : undefined;
}

/** Adds what is wrong as an issue, in the words that the command line has for it. */
function usable(context: z.RefinementCtx, path: string[], check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [, cause = error.message] = /^[^:]*: (.*)$/s.exec(parted(error.message)[0]) ?? [];
    context.addIssue({ code: 'custom', path, message: withRemedy(cause, error.remedy) });
  }
}
