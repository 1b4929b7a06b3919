import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { addon } from '#kcap/addon/addon.js';
import type { Passing } from '#kcap/errors/user-error.js';
import { grant, type ClientFacts } from '#kcap/kafka/client-facts.js';
import { isRefusal, problemOf, withoutThread } from '#kcap/kafka/connection-problem.js';
import { KNOWN_CAUSES } from '#kcap/kafka/causes/known-causes.js';

function facts(properties: Record<string, string>, more: Partial<ClientFacts> = {}): ClientFacts {
  return {
    properties: new Map(Object.entries({ 'bootstrap.servers': 'b:9092', ...properties })),
    topic: 'pcap',
    role: 'producer',
    ...more,
  };
}

test('a problem is shown without the secrets that its text repeats', () => {
  for (const role of ['producer', 'consumer'] as const) {
    const of = facts({ 'sasl.password': 'hush-hush' }, { role });
    assert.equal(problemOf('refused: hush-hush', of).cause, 'refused: ***');
  }
});

// What real brokers, KDCs and libraries say is in test/commands/secured-refusals.test.ts.
describe('the problem behind a text of librdkafka’s', () => {
  const texts: [said: string, cause: string][] = [
    [
      'ssl://b:9093/1: Disconnected: closed by peer (after 2ms in state CONNECT, 3 identical error(s) suppressed)',
      'ssl://b:9093/1: Disconnected: closed by peer',
    ],
    [
      'Failed to initialize SASL authentication: GSSAPI Error: Unspecified GSS failure.  Minor code may provide more information (KDC has no support for encryption type) (after 1ms in state AUTH_REQ)',
      'KDC has no support for encryption type',
    ],
    [
      'SASL handshake failed (step): SASL(-1): generic failure: GSSAPI Error: The routine must be called again (Success)',
      'The routine must be called again',
    ],
    ['something else (in brackets)', ''],
  ];
  for (const [said, cause] of texts)
    test(`is said without what says nothing: ${said}`, () => {
      assert.deepEqual(problemOf(said, facts({})), { cause: cause || said, remedy: undefined });
    });

  test('of a broker that hangs up on the handshake is that it speaks no TLS', () => {
    const hangsUp = (state: string) =>
      `Disconnected: SSL connection closed by peer (after 2ms in state ${state})`;
    assert.equal(problemOf(hangsUp('SSL_HANDSHAKE'), facts({})).cause, 'no TLS is spoken there');
    assert.match(problemOf(hangsUp('UP'), facts({})).cause, /hung up/);
  });

  test('has a remedy that goes by what the user has given', () => {
    const alert = 'SSL alert number 42: sslv3 alert bad certificate';
    assert.match(problemOf(alert, facts({})).remedy ?? '', /^the broker wants a certificate/);
    for (const given of ['ssl.certificate.location', 'ssl.keystore.location'])
      assert.match(
        problemOf(alert, facts({ [given]: 'x' })).remedy ?? '',
        /^the broker does not take the client's certificate/,
      );
  });
});

describe('a connection that fails', () => {
  const rows: [said: string, remedy: RegExp, passes: Passing | undefined][] = [
    [
      'b:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused',
      /given with -k, and that the broker runs/,
      'away',
    ],
    [
      "b:9092/bootstrap: Failed to resolve 'b:9092': Name or service not known",
      /^check the host name given with -k/,
      'later',
    ],
    [
      'b:9092/bootstrap: Connection setup timed out in state CONNECT',
      /firewalls on the way there$/,
      'away',
    ],
    [
      'b:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: No route to host',
      /firewalls on the way there$/,
      'away',
    ],
    [
      'kafka1:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Cannot assign requested address',
      /^no local port is free for it/,
      undefined,
    ],
    // A broker that other brokers name, and -k does not.
    [
      'kafka1:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused',
      /^the brokers send clients to kafka1:9092: .* advertised\.listeners corrected$/,
      'away',
    ],
    [
      "ssl://kafka1:9093/7: Failed to resolve 'kafka1:9093': Name or service not known",
      /^the brokers send clients to kafka1:9093:/,
      'later',
    ],
    [
      '[::1]:9093/1: Connect to ipv6#[::1]:9093 failed: Connection refused',
      /^the brokers send clients to \[::1\]:9093:/,
      'away',
    ],
    // One that -k names as well.
    [
      'b:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused',
      /given with -k, and that the broker runs/,
      'away',
    ],
  ];
  for (const [said, remedy, passes] of rows)
    test(`says what to check, and whether it may pass: ${said}`, () => {
      const problem = problemOf(said, facts({}));
      assert.match(problem.remedy ?? '', remedy);
      assert.equal(problem.passes, passes);
    });

  test('blames no setting of a client that has been connected', () => {
    const refused = 'b:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused';
    assert.equal(problemOf(refused, facts({}), { atWork: true }).remedy, undefined);
    const elsewhere = refused.replace('b:9092', 'kafka1:9092');
    assert.match(problemOf(elsewhere, facts({}), { atWork: true }).remedy ?? '', /advertised/);
  });

  const ports: [said: string, cause: RegExp, remedy: RegExp][] = [
    // The first four bytes of an answer, taken for its size: HTTP.
    [
      'Receive failed: Invalid response size 1213486160 (0..100000000): increase receive.message.max.bytes',
      /^an HTTP server answers there/,
      /Kafka listener/,
    ],
    // TLS 1.2's alert.
    [
      'Receive failed: Invalid response size 352518912 (0..100000000): increase receive.message.max.bytes',
      /^TLS is spoken there$/,
      /^use it: -X security\.protocol=SSL$/,
    ],
    [
      'Receive failed: Invalid response size 1397966893 (0..100000000): increase receive.message.max.bytes',
      /^what answers there does not speak Kafka$/,
      /Kafka listener/,
    ],
    [
      'ApiVersionRequest failed: Local: Timed out: probably due to broker version < 0.10 (see api.version.request configuration)',
      /does not answer as a Kafka broker does$/,
      /names the port of a Kafka listener/,
    ],
  ];
  for (const [said, cause, remedy] of ports)
    test(`at the port of another service: ${cause.source}`, () => {
      const problem = problemOf(`b:9092/bootstrap: ${said}`, facts({}));
      assert.match(problem.cause, cause);
      assert.match(problem.remedy ?? '', remedy);
    });

  test('of TLS is not Kerberos’s because of the name of a file', () => {
    const file = '/etc/security/keytabs/client.pem';
    const given = facts({ 'ssl.certificate.location': file });
    const said = `ssl.certificate.location failed: error:80000002:system library::No such file: calling fopen(${file}, r)`;
    assert.match(problemOf(said, given).remedy ?? '', new RegExp(`^check that ${file} is there`));
  });

  const threads: [line: string, message: string][] = [
    ['[thrd:b:9092/bootstrap]: b:9092/bootstrap: refused', 'b:9092/bootstrap: refused'],
    ['[thrd:[::1]:9092/1]: [::1]:9092/1: refused', '[::1]:9092/1: refused'],
    ['[thrd:app]: [odd]: said', '[odd]: said'],
    ['no thread', 'no thread'],
  ];
  for (const [line, message] of threads)
    test(`is said without the thread that noticed: ${line}`, () => {
      assert.equal(withoutThread(line), message);
    });
});

describe('an error that librdkafka has a name for', () => {
  const rows: [name: string, message: string, cause: RegExp, remedy: RegExp][] = [
    [
      'GROUP_AUTHORIZATION_FAILED',
      'FindCoordinator response error: Group authorization failed.',
      /^group team: Group authorization failed$/,
      /^let the user join it: .* --group team$/,
    ],
    [
      'INVALID_SESSION_TIMEOUT',
      'JoinGroup failed: Broker: Invalid session timeout',
      /^the brokers don't allow session\.timeout\.ms=5$/,
      /group\.min\.session\.timeout\.ms/,
    ],
    [
      'INCONSISTENT_GROUP_PROTOCOL',
      'JoinGroup failed: Broker: Inconsistent group protocol',
      /^the other members of group team/,
      /only kcap uses/,
    ],
    [
      'GROUP_MAX_SIZE_REACHED',
      'JoinGroup failed: Broker: Consumer group has reached maximum size',
      /^group team has as many members/,
      /group\.max\.size/,
    ],
    ['_ALL_BROKERS_DOWN', '2/2 brokers are down', /^no broker can be reached$/, /goes on trying/],
  ];
  for (const [name, message, cause, remedy] of rows)
    test(`has its own cause and remedy: ${name}`, () => {
      const client = facts({ 'session.timeout.ms': '5' }, { role: 'consumer', group: 'team' });
      const problem = problemOf(message, client, { name });
      assert.match(problem.cause, cause);
      assert.match(problem.remedy ?? '', remedy);
    });

  // Deliveries fail with librdkafka's description alone.
  const deliveries: [said: string, remedy: RegExp][] = [
    ['Broker: Not enough in-sync replicas', /min\.insync\.replicas/],
    [
      'Broker: Message(s) written to insufficient number of in-sync replicas',
      /min\.insync\.replicas/,
    ],
    ['Broker: Disk error when trying to access log file on disk', /disks: one may be full/],
    ['Broker: Message size too large', /^cut packets with -s/],
    ['Broker: Unknown topic or partition', /--describe --topic pcap$/],
    ['Local: Unknown topic', /--describe --topic pcap$/],
    ['Local: Message timed out', /--spool/],
    ['Broker: Topic authorization failed', /--producer --topic pcap$/],
    ['Broker: Invalid timestamp', /^check the clocks/],
    ['Broker: Policy violation', /their log says why$/],
    ['Broker: API version not supported', /too old/],
  ];
  for (const [said, remedy] of deliveries)
    test(`is known by what librdkafka says of it: ${said}`, () => {
      assert.match(problemOf(said, facts({})).remedy ?? '', remedy);
      assert.match(problemOf(`Produce failed: ${said}`, facts({})).remedy ?? '', remedy);
    });

  test('is one of librdkafka’s', () => {
    const known = new Set(addon.kafkaErrors().map(({ name }) => name));
    const named = KNOWN_CAUSES.flatMap(({ names = [] }) => names);
    assert.ok(named.length > 20);
    assert.deepEqual(
      named.filter((name) => !known.has(name)),
      [],
    );
  });

  test('has one row', () => {
    const named = KNOWN_CAUSES.flatMap(({ names = [] }) => names);
    assert.equal(new Set(named).size, named.length);
  });
});

describe('the right that a client lacks', () => {
  test('to number messages is another one on old brokers', () => {
    const said =
      'Failed to acquire idempotence PID from broker b:9092/1: Broker: Cluster authorization failed';
    const { cause, remedy } = problemOf(said, facts({}));
    assert.match(cause, /^Cluster authorization failed: the user may not number messages/);
    assert.match(remedy ?? '', /--producer --topic pcap, or .* --operation IdempotentWrite; or do/);
  });

  const KERBEROS = { 'security.protocol': 'SASL_SSL' };
  const rows: [ClientFacts, string][] = [
    [
      facts({ ...KERBEROS, 'sasl.mechanism': 'PLAIN', 'sasl.username': 'alice' }),
      'User:alice --producer --topic pcap',
    ],
    // Unless told otherwise, brokers know a principal by its first part.
    [
      facts({ ...KERBEROS, 'sasl.kerberos.principal': 'metron/host.example@EXAMPLE.COM' }),
      'User:metron --producer --topic pcap',
    ],
    [facts({ 'security.protocol': 'SSL' }), 'User:NAME --producer --topic pcap'],
    [
      facts({ 'sasl.username': 'of no use' }, { role: 'consumer' }),
      'User:NAME --operation Read --topic pcap',
    ],
    [
      facts({}, { role: 'consumer', group: 'team' }),
      'User:NAME --consumer --topic pcap --group team',
    ],
  ];
  for (const [client, end] of rows)
    test(`is granted with ${end}`, () => {
      assert.equal(
        grant(client),
        `kafka-acls.sh --bootstrap-server b:9092 --add --allow-principal ${end}`,
      );
    });

  test('is told from what may pass', () => {
    assert.ok(isRefusal('TOPIC_AUTHORIZATION_FAILED'));
    assert.ok(isRefusal('GROUP_AUTHORIZATION_FAILED'));
    assert.ok(isRefusal('INVALID_SESSION_TIMEOUT'));
    assert.ok(!isRefusal('NOT_ENOUGH_REPLICAS'));
    assert.ok(!isRefusal('_TRANSPORT'));
    assert.ok(!isRefusal('LEADER_NOT_AVAILABLE'));
  });
});
