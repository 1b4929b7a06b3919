import { grant, type ClientFacts } from './client-facts.js';
import type { Properties } from './properties.js';
import { brokersOf, securityOf } from './security.js';

/** Something that can go wrong between kcap and its brokers, and what to do about it. */
export interface KnownCause {
  /** librdkafka's names of the errors that mean it (rd_kafka_err2name). */
  readonly names?: readonly string[];
  /** Where there is no such name: the words of librdkafka, of the broker, of OpenSSL or of MIT's Kerberos. */
  readonly says?: RegExp;
  /** Only for these clients. */
  readonly when?: (facts: ClientFacts, found: string) => boolean;
  /** Where those words say too little; otherwise they are kept. */
  readonly cause?: Text;
  readonly remedy: Text;
  /** Only before anything was connected: the settings of a client at work are right. */
  readonly atStart?: true;
  /** It won't pass: trying again is of no use. */
  readonly final?: true;
  /** Before anything was connected: it may pass, since whoever should answer may be away. */
  readonly passes?: true;
}

/** `found` is the first group of `says`. */
type Text = string | ((facts: ClientFacts, found: string) => string);

/** First, since the names of files may say anything. */
const FILES: readonly KnownCause[] = [
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

const KERBEROS: readonly KnownCause[] = [
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
    says: /Key table (?:file|entry)|key table format|^keytab .* can't be read/i,
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
    passes: true,
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

const SASL: readonly KnownCause[] = [
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

const TLS: readonly KnownCause[] = [
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
    // A broker that has taken the handshake for a request hangs up.
    says: /connecting to a PLAINTEXT broker listener|wrong version number|packet length too long|SSL connection closed by peer \(after \d+ms in state (?:CONNECT|SSL_HANDSHAKE)/,
    cause: 'no TLS is spoken there',
    remedy: ({ properties }) =>
      `leave TLS out, -X security.protocol=${securityOf(properties).mechanism === undefined ? 'PLAINTEXT' : 'SASL_PLAINTEXT'}, or name the port of a TLS listener with -k`,
  },
];

/** What the first four bytes of an answer are where it is none of Kafka's: the size of one, as librdkafka reads them. */
const HTTP = String(Buffer.from('HTTP').readUInt32BE());
/** A TLS alert: type 21, version 3.x, and a length that begins with 0. */
const TLS_ALERT = [0, 1, 2, 3, 4].map((minor) =>
  String(Buffer.from([21, 3, minor, 0]).readUInt32BE()),
);

const CONNECTION: readonly KnownCause[] = [
  {
    says: new RegExp(`Invalid response size ${HTTP}`),
    cause: 'an HTTP server answers there, not a Kafka broker',
    remedy: 'name the port of a Kafka listener with -k, often 9092',
    atStart: true,
  },
  {
    says: new RegExp(`Invalid response size (?:${TLS_ALERT.join('|')})`),
    cause: 'TLS is spoken there',
    remedy: (facts) => `use it: ${withTls(facts)}`,
    atStart: true,
  },
  {
    says: /Invalid response size/,
    cause: 'what answers there does not speak Kafka',
    remedy: 'name the port of a Kafka listener with -k, often 9092',
    atStart: true,
  },
  {
    says: /ApiVersionRequest failed: Local: Timed out/,
    passes: true,
    cause: 'it takes the connection, but does not answer as a Kafka broker does',
    remedy:
      'check that -k names the port of a Kafka listener, and that the broker is not overloaded',
    atStart: true,
  },
  {
    says: /Disconnected.*in state APIVERSION_QUERY/,
    cause: 'the broker hung up at the first request',
    remedy: (facts) => `if it is the port of a TLS listener: ${withTls(facts)}`,
    atStart: true,
  },
  {
    says: /(?:Disconnected|Broken pipe|reset by peer).*in state UP/,
    cause: 'the broker hung up as soon as it was asked something',
    remedy: ({ properties }) =>
      `if it wants to know who the client is (SASL): -X security.protocol=SASL_${securityOf(properties).tls ? 'SSL' : 'PLAINTEXT'} -X sasl.mechanism=…`,
    atStart: true,
  },
  {
    says: /Cannot assign requested address/,
    remedy:
      'no local port is free for it (net.ipv4.ip_local_port_range), or this machine has no address of that kind',
  },
  {
    // Named by other brokers, not by the user.
    says: /^(?:\w+:\/\/)?(\S+:\d+)\/\d+: (?:Connect to|Failed to resolve|Connection setup timed out)/,
    passes: true,
    when: ({ properties }, address) => !brokersOf(properties).split(',').includes(address),
    remedy: (_, address) =>
      `the brokers send clients to ${address}: check that it can be reached from here, or have their advertised.listeners corrected`,
  },
  {
    says: /Failed to resolve|Host resolution failure/,
    passes: true,
    remedy: 'check the host name given with -k, and the name servers of this machine',
    atStart: true,
  },
  {
    says: /Connection refused/,
    passes: true,
    remedy: 'check the address given with -k, and that the broker runs there',
    atStart: true,
  },
  {
    says: /Connection setup timed out|No route to host|unreachable/,
    passes: true,
    remedy: 'check the address given with -k, and the network and firewalls on the way there',
    atStart: true,
  },
];

const AT_WORK: readonly KnownCause[] = [
  {
    names: ['_ALL_BROKERS_DOWN'],
    cause: 'no broker can be reached',
    remedy: 'kcap goes on trying',
  },
];

const RIGHTS: readonly KnownCause[] = [
  {
    names: ['TOPIC_AUTHORIZATION_FAILED'],
    remedy: (facts) => `let the user do so: ${grant(facts)}`,
    final: true,
  },
  {
    names: ['GROUP_AUTHORIZATION_FAILED'],
    cause: ({ group = '' }) => `group ${group}: Group authorization failed`,
    remedy: (facts) => `let the user join it: ${grant(facts)}`,
    final: true,
  },
  {
    names: ['CLUSTER_AUTHORIZATION_FAILED'],
    cause: 'Cluster authorization failed: the user may not number messages (idempotence)',
    remedy: (facts) =>
      `let the user do so: ${grant(facts)}, or on old brokers --cluster --operation IdempotentWrite; or do without: -X enable.idempotence=false`,
    final: true,
  },
];

const GROUP: readonly KnownCause[] = [
  {
    names: ['INVALID_SESSION_TIMEOUT'],
    cause: ({ properties }) =>
      `the brokers don't allow session.timeout.ms=${properties.get('session.timeout.ms') ?? '45000'}`,
    remedy:
      'choose one between group.min.session.timeout.ms (6000) and group.max.session.timeout.ms of the brokers',
    final: true,
  },
  {
    names: ['INCONSISTENT_GROUP_PROTOCOL', 'UNSUPPORTED_ASSIGNOR'],
    cause: ({ group = '' }) =>
      `the other members of group ${group} share partitions in another way`,
    remedy:
      'name a group with -g that only kcap uses, or set partition.assignment.strategy as the others do',
    final: true,
  },
  {
    names: ['GROUP_MAX_SIZE_REACHED'],
    cause: ({ group = '' }) => `group ${group} has as many members as the brokers allow`,
    remedy: 'stop a member, or have group.max.size of the brokers raised',
    final: true,
  },
  {
    names: ['INVALID_GROUP_ID'],
    cause: ({ group = '' }) => `the brokers don't allow '${group}' as the name of a group`,
    remedy: 'name another one with -g',
    final: true,
  },
  {
    names: ['FENCED_INSTANCE_ID'],
    cause: 'another member has the same group.instance.id',
    remedy: 'give each member a group.instance.id of its own',
    final: true,
  },
];

const TOPIC: readonly KnownCause[] = [
  {
    names: ['TOPIC_EXCEPTION'],
    cause: ({ topic }) => `the brokers don't allow ${topic} as the name of a topic`,
    remedy: 'name another one with -t',
    final: true,
  },
  {
    names: ['UNKNOWN_TOPIC_OR_PART', '_UNKNOWN_TOPIC', '_UNKNOWN_PARTITION', 'UNKNOWN_TOPIC_ID'],
    remedy: ({ topic, properties }) =>
      `check that the topic has not been deleted: kafka-topics.sh --bootstrap-server ${brokersOf(properties)} --describe --topic ${topic}`,
  },
  {
    names: ['NOT_ENOUGH_REPLICAS', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'],
    remedy:
      "bring the topic's other brokers back, or have its min.insync.replicas lowered; kcap goes on trying",
  },
  {
    names: ['KAFKA_STORAGE_ERROR'],
    cause: "the broker can't write to its disk (KafkaStorageException)",
    remedy: "look at the broker's log and at its disks: one may be full",
  },
  {
    names: ['MSG_SIZE_TOO_LARGE'],
    remedy: "cut packets with -s, or have the topic's max.message.bytes raised",
  },
  {
    names: ['RECORD_LIST_TOO_LARGE'],
    remedy: "send smaller requests, -X batch.size=, or have the topic's segment.bytes raised",
  },
  {
    names: ['INVALID_TIMESTAMP'],
    remedy:
      "check the clocks, or send with --kafka-timestamp now; the topic's message.timestamp.before.max.ms and .after.max.ms say what it takes",
  },
  {
    names: ['_MSG_TIMED_OUT'],
    remedy:
      'no broker took them in time: what was said before says why; -X message.timeout.ms= gives more time, --spool keeps packets on disk',
  },
  {
    names: ['POLICY_VIOLATION'],
    remedy: "the brokers' policy refuses it: their log says why",
  },
  {
    names: ['UNSUPPORTED_COMPRESSION_TYPE', '_UNSUPPORTED_FEATURE', 'UNSUPPORTED_VERSION'],
    remedy:
      'the broker is too old for it: leave out -X compression.type=, or -X enable.idempotence=false, or have it upgraded',
  },
  {
    names: ['UNSUPPORTED_FOR_MESSAGE_FORMAT'],
    remedy: "the topic's message.format.version is older than Kafka 0.11: have it raised",
  },
  {
    names: ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID', 'INVALID_PRODUCER_EPOCH'],
    remedy: 'the broker has forgotten this producer, or lost what it had: start kcap again',
  },
  {
    names: ['INVALID_REQUIRED_ACKS'],
    remedy: 'use -X acks=all, 1 or 0',
  },
];

/** What a reader waits for in vain (native/kafka/standstill.cc). */
const STANDSTILL: readonly KnownCause[] = [
  {
    says: /no broker coordinates it/,
    remedy:
      'the cluster must be able to keep offsets: see whether its topic __consumer_offsets has leaders, and offsets.topic.replication.factor is no more than there are brokers',
  },
  {
    says: /have not yet agreed to share/,
    remedy: 'one of them may have died: its session has to end first (session.timeout.ms)',
  },
  { says: /has no leader/, remedy: 'a broker that keeps the partition has to come back' },
  {
    says: /deleted while it was read/,
    remedy: 'create it anew and start again, or read another one (-t)',
  },
  { says: /created again while it was read/, remedy: 'start again to read the new one' },
  {
    says: /but its end was/,
    remedy:
      'messages were lost in Kafka, or the topic was created again: start again to read what there is',
  },
  {
    says: /its end is not reached/,
    remedy: 'see whether the broker that leads the partition runs and can be reached',
  },
];

/**
 * Every cause that is known, the first that fits counts. Where librdkafka gives an error's name, it goes by the name; at
 * connecting there are only texts.
 */
export const KNOWN_CAUSES: readonly KnownCause[] = [
  ...FILES,
  ...KERBEROS,
  ...SASL,
  ...TLS,
  ...CONNECTION,
  ...AT_WORK,
  ...RIGHTS,
  ...GROUP,
  ...TOPIC,
  ...STANDSTILL,
];

function withTls({ properties }: ClientFacts): string {
  return `-X security.protocol=${securityOf(properties).mechanism === undefined ? 'SSL' : 'SASL_SSL'}`;
}

/** Where MIT's library looks for realms and their KDCs. */
function krb5Conf(): string {
  return process.env['KRB5_CONFIG'] ?? '/etc/krb5.conf';
}

function keytabOf(properties: Properties): string {
  return properties.get('sasl.kerberos.keytab') ?? '';
}
