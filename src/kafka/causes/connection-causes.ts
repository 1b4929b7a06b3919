import type { ClientFacts } from '../client-facts.js';
import { brokersOf, securityOf } from '../security.js';
import type { KnownCause } from './known-cause.js';

/** What the first four bytes of an answer are where it is none of Kafka's: the size of one, as librdkafka reads them. */
const HTTP = String(Buffer.from('HTTP').readUInt32BE());
/** A TLS alert: type 21, version 3.x, and a length that begins with 0. */
const TLS_ALERT = [0, 1, 2, 3, 4].map((minor) =>
  String(Buffer.from([21, 3, minor, 0]).readUInt32BE()),
);

/** An address that other brokers have named, not the user. */
const NAMED_BY_BROKERS: Pick<KnownCause, 'when' | 'remedy'> = {
  when: ({ properties }, address) => !brokersOf(properties).split(',').includes(address),
  remedy: (_, address) =>
    `the brokers send clients to ${address}: check that it can be reached from here, or have their advertised.listeners corrected`,
};

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
    passes: 'later',
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
    says: /^(?:\w+:\/\/)?(\S+:\d+)\/\d+: Failed to resolve/,
    passes: 'later',
    ...NAMED_BY_BROKERS,
  },
  {
    says: /^(?:\w+:\/\/)?(\S+:\d+)\/\d+: (?:Connect to|Connection setup timed out)/,
    passes: 'away',
    ...NAMED_BY_BROKERS,
  },
  {
    says: /Failed to resolve|Host resolution failure/,
    passes: 'later',
    remedy: 'check the host name given with -k, and the name servers of this machine',
    atStart: true,
  },
  {
    says: /Connection refused/,
    passes: 'away',
    remedy: 'check the address given with -k, and that the broker runs there',
    atStart: true,
  },
  {
    says: /Connection setup timed out|No route to host|unreachable/,
    passes: 'away',
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

/** Of brokers that can't be reached, or are none. */
export const CONNECTION_CAUSES = [...CONNECTION, ...AT_WORK];

function withTls({ properties }: ClientFacts): string {
  return `-X security.protocol=${securityOf(properties).mechanism === undefined ? 'SSL' : 'SASL_SSL'}`;
}
