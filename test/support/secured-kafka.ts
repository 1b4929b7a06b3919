import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { CertificateAuthority, type Certificate } from './certificates.js';
import { freePort } from './free-port.js';
import { KerberosRealm } from './kerberos-realm.js';
import { KAFKA_JAVA } from './kafka-java.js';
import { startRealKafka, type RealKafka } from './real-kafka.js';
import { runCommand } from './run-command.js';

/** The ways in, by the protocol that each of them speaks. */
const LISTENERS = {
  SASL_PLAINTEXT: 'SASL_PLAINTEXT',
  SASL_SSL: 'SASL_SSL',
  /** Asks every few seconds who the client is, on connections that are up as well. */
  REAUTH: 'SASL_PLAINTEXT',
  SSL: 'SSL',
  /** Wants a certificate of the client. */
  MUTUAL: 'SSL',
  /** Its certificate is of the past. */
  EXPIRED: 'SSL',
  /** Its certificate is for another host. */
  WRONGHOST: 'SSL',
  /** Sends clients to a port where nobody listens (advertised.listeners). */
  CLOSED: 'PLAINTEXT',
  /** Sends clients to a host that has no address. */
  UNKNOWN: 'PLAINTEXT',
} as const;

/** Where the listener UNKNOWN sends clients. */
export const UNKNOWN_ADDRESS = 'no-such-host.invalid:9092';

export type Listener = keyof typeof LISTENERS;

/** How often the listener REAUTH wants to know who the client is. */
export const REAUTH_MS = 3000;

/** Passwords by user, for SCRAM. All may do anything that no ACL is about; those named in `superUsers` anything. */
export const SCRAM_USERS = {
  alice: 'alice-hunter2',
  member: 'member-hunter2',
  describer: 'describer-hunter2',
  elsewhere: 'elsewhere-hunter2',
  reader: 'reader-hunter2',
  stranger: 'stranger-hunter2',
} as const;

export const PLAIN_USERS = { alice: 'alice-plain-hunter2' } as const;

const SUPER_USERS = ['ANONYMOUS', 'alice', 'metron-metron', 'CN=kcap client'];

const MODULES = {
  scram: 'org.apache.kafka.common.security.scram.ScramLoginModule',
  plain: 'org.apache.kafka.common.security.plain.PlainLoginModule',
  oauth: 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule',
  kerberos: 'com.sun.security.auth.module.Krb5LoginModule',
} as const;

/** A Kafka that lets nobody in who does not say who it is, in each of the ways that Kafka has; and its realm. */
export class SecuredKafka {
  readonly realm: KerberosRealm;
  readonly authority: CertificateAuthority;
  /** What the listener MUTUAL takes. */
  readonly clientCertificate: Certificate;
  readonly #kafka: RealKafka;
  readonly #ports: Readonly<Record<Listener, number>>;
  readonly #closedPort: number;
  readonly #folder: string;

  private constructor(parts: Parts, kafka: RealKafka) {
    this.realm = parts.realm;
    this.authority = parts.authority;
    this.clientCertificate = parts.certificates.client;
    this.#ports = parts.ports;
    this.#closedPort = parts.closedPort;
    this.#folder = parts.folder;
    this.#kafka = kafka;
  }

  /** Starts realm and Kafka. Whoever starts them closes them. */
  static async start(): Promise<SecuredKafka> {
    const folder = await mkdtemp(path.join(tmpdir(), 'kcap-secured-'));
    const realm = await KerberosRealm.start();
    try {
      const parts = await prepare(folder, realm);
      const kafka = await startRealKafka({
        properties: await brokerProperties(parts),
        javaOptions: [`-Djava.security.krb5.conf=${realm.configFile}`],
        listeners: names.map((name) => `${name}://localhost:${parts.ports[name]}`),
        advertised: { CLOSED: `localhost:${parts.closedPort}`, UNKNOWN: UNKNOWN_ADDRESS },
        formatOptions: Object.entries(SCRAM_USERS).flatMap(([name, password]) =>
          ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
            '--add-scram',
            `${mechanism}=[name=${name},password=${password}]`,
          ]),
        ),
      });
      return new SecuredKafka(parts, kafka);
    } catch (error) {
      await realm.close();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** A listener for whom everything is allowed, without any security: for what a test prepares. */
  get administration(): string {
    return this.#kafka.brokers;
  }

  /** Where the listener CLOSED sends clients. */
  get closedAddress(): string {
    return `localhost:${this.#closedPort}`;
  }

  /** HOST:PORT of a listener, as for kcap's -k. */
  at(listener: Listener): string {
    return `localhost:${this.#ports[listener]}`;
  }

  /** Grants rights, as kafka-acls.sh does it. */
  async grant(...options: readonly string[]): Promise<void> {
    await runCommand(
      ...KAFKA_JAVA,
      'org.apache.kafka.tools.AclCommand',
      ...['--bootstrap-server', this.administration, '--add', ...options],
    );
  }

  async close(): Promise<void> {
    await this.#kafka.close();
    await this.realm.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const names = Object.keys(LISTENERS) as Listener[];

interface Parts {
  readonly folder: string;
  readonly realm: KerberosRealm;
  readonly authority: CertificateAuthority;
  readonly certificates: Readonly<
    Record<'broker' | 'expired' | 'wrongHost' | 'client', Certificate>
  >;
  readonly ports: Readonly<Record<Listener, number>>;
  readonly closedPort: number;
}

async function prepare(folder: string, realm: KerberosRealm): Promise<Parts> {
  await chmod(folder, 0o755);
  const authority = await CertificateAuthority.make(folder, 'kcap test authority');
  const host = ['DNS:localhost', 'IP:127.0.0.1'];
  const certificates = {
    broker: await authority.issue({ commonName: 'broker', names: host }),
    expired: await authority.issue({ commonName: 'expired', names: host, expired: true }),
    wrongHost: await authority.issue({ commonName: 'other', names: ['DNS:other.example'] }),
    client: await authority.issue({ commonName: 'kcap client' }),
  };
  const ports = {} as Record<Listener, number>;
  for (const name of names) ports[name] = await freePort();
  return { folder, realm, authority, certificates, ports, closedPort: await freePort() };
}

async function brokerProperties(parts: Parts): Promise<Record<string, string>> {
  const { realm, authority, certificates } = parts;
  const service = `kafka/localhost@${realm.name}`;
  const keytab = await realm.keytab(service);
  const users = Object.entries(PLAIN_USERS).map(([name, secret]) => `user_${name}="${secret}"`);
  const jaas = {
    gssapi: `${MODULES.kerberos} required useKeyTab=true storeKey=true isInitiator=false keyTab="${keytab}" principal="${service}";`,
    'scram-sha-256': `${MODULES.scram} required;`,
    'scram-sha-512': `${MODULES.scram} required;`,
    plain: `${MODULES.plain} required ${users.join(' ')};`,
    oauthbearer: `${MODULES.oauth} required unsecuredLoginStringClaim_sub="kafka";`,
  };
  const mechanisms = (listener: Listener) =>
    listener === 'SASL_SSL'
      ? ['gssapi', 'scram-sha-256', 'scram-sha-512', 'plain', 'oauthbearer']
      : ['gssapi', 'scram-sha-256'];
  const saslListeners = (['SASL_PLAINTEXT', 'SASL_SSL', 'REAUTH'] as const).flatMap((listener) => [
    ...Object.entries(jaas)
      .filter(([mechanism]) => mechanisms(listener).includes(mechanism))
      .map(([mechanism, config]) => [`${mechanism}.sasl.jaas.config`, config] as const)
      .map(([name, value]) => [of(listener, name), value] as const),
    [
      of(listener, 'sasl.enabled.mechanisms'),
      mechanisms(listener).join(',').toUpperCase(),
    ] as const,
  ]);
  return {
    'listener.security.protocol.map': [
      'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      ...names.map((name) => `${name}:${LISTENERS[name]}`),
    ].join(','),
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': SUPER_USERS.map((user) => `User:${user}`).join(';'),
    'sasl.kerberos.service.name': 'kafka',
    ...Object.fromEntries(saslListeners),
    [of('REAUTH', 'connections.max.reauth.ms')]: String(REAUTH_MS),
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': certificates.broker.both,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authority.file,
    [of('MUTUAL', 'ssl.client.auth')]: 'required',
    [of('EXPIRED', 'ssl.keystore.location')]: certificates.expired.both,
    [of('WRONGHOST', 'ssl.keystore.location')]: certificates.wrongHost.both,
  };
}

function of(listener: Listener, property: string): string {
  return `listener.name.${listener.toLowerCase()}.${property}`;
}
