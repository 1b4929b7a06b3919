import { hideSecrets, type Properties } from './properties.js';
import { brokersOf, securityOf } from './security.js';

/** What went wrong between a client and its brokers, and what to do about it. */
export interface Problem {
  readonly cause: string;
  /** Undefined where nothing better is known than to look at everything. */
  readonly remedy: string | undefined;
}

/** What the client was about, for remedies that can be copied. */
export interface ClientFacts {
  readonly properties: Properties;
  readonly topic: string;
  readonly role: 'producer' | 'consumer';
  /** Undefined where the client joins none. */
  readonly group?: string | undefined;
}

interface Known {
  /** The words of librdkafka, of the broker, of OpenSSL or of MIT's Kerberos. */
  readonly says: RegExp;
  /** Where those words say too little; otherwise they are kept. */
  readonly cause?: string;
  readonly remedy: string | ((facts: ClientFacts, found: string) => string);
}

const KERBEROS: readonly Known[] = [
  {
    says: /there is no kinit/,
    remedy:
      'kcap takes tickets with it: install krb5-user, or where packages are rpm: krb5-workstation',
  },
  {
    says: /Client '?([^ ']+)'? not found in Kerberos database/,
    remedy: (_, principal) =>
      `check -X sasl.kerberos.principal=${principal}, or have it added (kadmin: addprinc)`,
  },
  {
    says: /Keytab contains no suitable keys/,
    remedy: ({ properties }) =>
      `name a principal whose key it has with -X sasl.kerberos.principal= (klist -k ${keytabOf(properties)} lists them)`,
  },
  {
    says: /Preauthentication failed|Password incorrect|Decrypt integrity check failed/,
    cause: 'the key in the keytab is not the one that the KDC has',
    remedy: ({ properties }) =>
      `the principal has been given a new key since: have ${keytabOf(properties)} written anew (kadmin: ktadd)`,
  },
  {
    says: /Key table file|key table format|keytab/i,
    remedy: ({ properties }) =>
      `check -X sasl.kerberos.keytab= (klist -k ${keytabOf(properties)} lists whose keys it has)`,
  },
  {
    says: /Cannot find KDC for realm "?([^ "]+)/,
    remedy: (_, realm) =>
      `check the realm in -X sasl.kerberos.principal=, and that ${krb5Conf()} names a KDC for ${realm}`,
  },
  {
    says: /Cannot (?:contact|resolve)|no answer .*the KDC/,
    remedy: `check that the KDC which ${krb5Conf()} names for the realm runs and can be reached`,
  },
  {
    says: /Clock skew too great/,
    remedy: "set this machine's clock: Kerberos bears a difference of five minutes and no more",
  },
  {
    says: /Server (\S+) not found in Kerberos database/,
    remedy: (_, service) =>
      `if the brokers' principal is not ${service}: its first part is set with -X sasl.kerberos.service.name=, its host is that given with -k`,
  },
  {
    says: /Ticket expired|context has expired|No Kerberos credentials available|No credentials cache found/,
    remedy:
      'take a ticket with kinit, or let kcap do so: -X sasl.kerberos.keytab=FILE -X sasl.kerberos.principal=NAME@REALM',
  },
  {
    says: /missing a GSSAPI module|No worthy mechs found/,
    cause: 'Cyrus SASL lacks its plug-in for Kerberos (GSSAPI)',
    remedy: 'install libsasl2-modules-gssapi-mit, or where packages are rpm: cyrus-sasl-gssapi',
  },
  {
    says: /invalid credentials with SASL mechanism GSSAPI/,
    cause: 'the broker did not accept the Kerberos ticket',
    remedy:
      "its log says why: often its clock or its keytab, or -k names it by another host's name",
  },
];

const SASL: readonly Known[] = [
  {
    says: /invalid credentials with SASL mechanism|Invalid username or password/,
    remedy: ({ properties }) =>
      `check -X sasl.username=${properties.get('sasl.username') ?? ''} and its sasl.password, and that the user has one for this mechanism`,
  },
  {
    says: /Unsupported SASL mechanism: broker's supported mechanisms: (\S+)/,
    remedy: (_, offered) => `choose one that it offers, -X sasl.mechanism=: ${offered}`,
  },
  {
    says: /not valid in current SASL state/,
    cause: 'this listener does not ask who the client is (no SASL)',
    remedy: ({ properties }) =>
      `leave SASL out, -X security.protocol=${securityOf(properties).tls ? 'SSL' : 'PLAINTEXT'}, or name the port of a SASL listener with -k`,
  },
  {
    says: /sasl\.username and sasl\.password must be set/,
    remedy: 'give both; -X @FILE reads them from a file, out of sight of other users',
  },
  {
    says: /^Unsupported SASL mechanism/,
    remedy: 'there are: GSSAPI, PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER',
  },
  {
    says: /OAUTHBEARER/,
    remedy: 'check -X sasl.oauthbearer.…: the token endpoint, the client and its secret',
  },
];

const TLS: readonly Known[] = [
  {
    says: /certificate verify failed/,
    cause: "the broker's certificate could not be verified",
    remedy: 'give the certificate of the authority that signed it: -X ssl.ca.location=FILE',
  },
  {
    says: /alert (?:bad certificate|certificate required|handshake failure|unknown ca|certificate unknown|certificate expired)/,
    remedy: ({ properties }) =>
      ['ssl.certificate.location', 'ssl.certificate.pem', 'ssl.keystore.location'].some((name) =>
        properties.has(name),
      )
        ? "the broker does not take the client's certificate: check who signed it, and its dates"
        : 'the broker wants a certificate of the client: -X ssl.certificate.location=FILE -X ssl.key.location=FILE',
  },
  {
    says: /connecting to a PLAINTEXT broker listener|wrong version number|packet length too long/,
    cause: 'no TLS is spoken there',
    remedy: ({ properties }) =>
      `leave TLS out, -X security.protocol=${securityOf(properties).mechanism === undefined ? 'PLAINTEXT' : 'SASL_PLAINTEXT'}, or name the port of a TLS listener with -k`,
  },
  {
    says: /Disconnected.*in state APIVERSION_QUERY/,
    cause: 'the broker hung up at the first request',
    remedy: ({ properties }) =>
      `if it is the port of a TLS listener: -X security.protocol=${securityOf(properties).mechanism === undefined ? 'SSL' : 'SASL_SSL'}`,
  },
  {
    says: /(?:Disconnected|Broken pipe|reset by peer).*in state UP/,
    cause: 'the broker hung up as soon as it was asked something',
    remedy: ({ properties }) =>
      `if it wants to know who the client is (SASL): -X security.protocol=SASL_${securityOf(properties).tls ? 'SSL' : 'PLAINTEXT'} -X sasl.mechanism=…`,
  },
  {
    says: /key values mismatch/,
    remedy:
      'the key of ssl.key.location is not that of the certificate in ssl.certificate.location',
  },
  {
    says: /^(ssl\.[a-z.]+) failed/,
    remedy: ({ properties }, name) =>
      `check that ${properties.get(name) ?? name} is there, can be read and is in ${name.startsWith('ssl.keystore') ? 'PKCS#12' : 'PEM'}, and the password, should it have one`,
  },
];

const RIGHTS: readonly Known[] = [
  {
    says: /(?:Topic|Group) authorization failed/i,
    remedy: (facts) => `let the user do so: ${grant(facts)}`,
  },
  {
    says: /Cluster authorization failed/i,
    cause: 'Cluster authorization failed: the user may not number messages (idempotence)',
    remedy: (facts) =>
      `let the user do so: ${grant(facts)}, or on old brokers --cluster --operation IdempotentWrite; or do without: -X enable.idempotence=false`,
  },
];

const KNOWN = [...KERBEROS, ...SASL, ...TLS, ...RIGHTS];

/** Cause and remedy, by what librdkafka or another library said, without the secrets that it may repeat. */
export function problemOf(said: string, facts: ClientFacts): Problem {
  const text = hideSecrets(said, facts.properties);
  for (const { says, cause, remedy } of KNOWN) {
    const found = says.exec(text);
    if (!found) continue;
    return {
      cause: cause ?? shortened(text),
      remedy: typeof remedy === 'string' ? remedy : remedy(facts, found[1] ?? ''),
    };
  }
  return { cause: shortened(text), remedy: undefined };
}

/** Whether the broker says by this that the user lacks a right: to go on is of no use. */
export function isRefusal(name: string): boolean {
  return /^(?:TOPIC|GROUP|CLUSTER)_AUTHORIZATION_FAILED$/.test(name);
}

/** The command that gives the user what the client needs, as Kafka has it. */
export function grant({ properties, topic, role, group }: ClientFacts): string {
  const { user = 'NAME' } = securityOf(properties);
  // Unless a broker is told otherwise it knows NAME/HOST@REALM as NAME.
  const [name = ''] = user.split(/[/@]/);
  return [
    `kafka-acls.sh --bootstrap-server ${brokersOf(properties)} --add --allow-principal User:${name}`,
    role === 'producer' ? '--producer' : group === undefined ? '--operation Read' : '--consumer',
    `--topic ${topic}`,
    ...(group === undefined ? [] : [`--group ${group}`]),
  ].join(' ');
}

/** Where MIT's library looks for realms and their KDCs. */
function krb5Conf(): string {
  return process.env['KRB5_CONFIG'] ?? '/etc/krb5.conf';
}

function keytabOf(properties: Properties): string {
  return properties.get('sasl.kerberos.keytab') ?? '';
}

/** Without what says nothing to the user: the way through libraries, and how long a state lasted. */
function shortened(text: string): string {
  const said = text
    .replace(/ \(after \d+ms in state.*$/, '')
    .replace(/ \(default cache: (.*)\)\)$/, ': $1)');
  const [, general = '', cause] = /GSSAPI Error: ([^(]*) \((.*)\)$/.exec(said) ?? [];
  return cause === 'Success' ? general : (cause ?? said);
}
