import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { grant, isRefusal, problemOf, type ClientFacts } from '#kcap/kafka/connection-problem.js';

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
    ['Connect to ipv4#127.0.0.1:1 failed: Connection refused', ''],
    ['something else (in brackets)', ''],
  ];
  for (const [said, cause] of texts)
    test(`is said without what says nothing: ${said}`, () => {
      assert.deepEqual(problemOf(said, facts({})), { cause: cause || said, remedy: undefined });
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
    assert.ok(!isRefusal('_TRANSPORT'));
    assert.ok(!isRefusal('LEADER_NOT_AVAILABLE'));
  });
});
