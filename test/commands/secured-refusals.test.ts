import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer as createWebServer } from 'node:http';
import { createServer } from 'node:net';
import path from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';

import { pcapFile } from '../support/pcap-file.js';
import { freePort } from '../support/free-port.js';
import { kcap, type KcapOptions } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { SecuredKafka, UNKNOWN_ADDRESS, type Listener } from '../support/secured-kafka.js';
import { tempFolder } from '../support/temp-folder.js';
import { useBrokers } from '../support/test-brokers.js';
import { TOLD_WITHIN_MS } from '../support/time-limits.js';
import { freshTopic, sendMessages } from '../support/topic.js';

const PRINCIPAL = 'metron-metron@KCAP.TEST';

let kafka: SecuredKafka;
let keytab: string;

before(async () => {
  kafka = await SecuredKafka.start();
  keytab = await kafka.realm.keytab(PRINCIPAL);
  // The tests' own peer goes in where nobody is asked who he is.
  useBrokers(kafka.administration);
});

after(() => kafka.close());

const MODES = {
  producer: (file: string) => ['-p', '-r', file],
  consumer: () => ['-c', '-o', 'begin'],
} as const;
type Mode = keyof typeof MODES;

interface Attempt {
  readonly listener?: Listener | 'PLAINTEXT';
  /** HOST:PORT where no listener of Kafka's is meant. */
  readonly brokers?: string;
  readonly topic?: string;
  readonly properties: readonly string[];
  readonly more?: readonly string[];
  readonly options?: KcapOptions;
}

/** Runs kcap, which is to fail in time, with one error and a remedy. */
async function refused(t: TestContext, mode: Mode, attempt: Attempt): Promise<[string, string]> {
  const { listener = 'SASL_PLAINTEXT', topic = 'pcap', properties, more = [] } = attempt;
  const file = path.join(await tempFolder(t), 'in.pcap');
  const packets = [{ seconds: 1, fraction: 0, frame: Buffer.alloc(60) }];
  await writeFile(file, pcapFile({ packets }));
  const address = listener === 'PLAINTEXT' ? kafka.administration : kafka.at(listener);
  const { brokers = address } = attempt;
  const run = kcap(
    t,
    [
      ...['-k', brokers, '-t', topic, ...MODES[mode](file), ...more],
      ...properties.flatMap((property) => ['-X', property]),
    ],
    { ...attempt.options, env: { ...kafka.realm.environment(), ...attempt.options?.env } },
  );
  const { status, durationMs } = await run.exit;
  assert.equal(status, 1, run.stderr);
  assert.ok(durationMs < TOLD_WITHIN_MS, `${durationMs} ms`);
  return errorOf(run);
}

/** The error and its remedy. Nothing else than records may have been said: no stack, nothing of a library's own. */
function errorOf(run: KcapRun): [string, string] {
  const lines = run.stderr.trimEnd().split('\n');
  assert.equal(lines.length, run.records.length, run.stderr);
  const errors = run.records.filter(({ event }) => event === 'error');
  assert.equal(errors.length, 1, run.stderr);
  const [error] = errors;
  return [String(error?.['msg']), String(error?.['remedy'])];
}

interface Case {
  readonly name: string;
  readonly attempt: (t: TestContext) => Attempt | Promise<Attempt>;
  readonly says: RegExp;
  readonly remedy: RegExp;
}

function kerberos(...more: string[]): string[] {
  return [
    'security.protocol=SASL_PLAINTEXT',
    `sasl.kerberos.keytab=${keytab}`,
    `sasl.kerberos.principal=${PRINCIPAL}`,
    ...more,
  ];
}

function tls(...more: string[]): string[] {
  return ['security.protocol=SSL', `ssl.ca.location=${kafka.authority.file}`, ...more];
}

function password(mechanism: string, ...more: string[]): string[] {
  return [
    'security.protocol=SASL_SSL',
    `ssl.ca.location=${kafka.authority.file}`,
    `sasl.mechanism=${mechanism}`,
    'sasl.username=alice',
    'sasl.password=not-hunter2',
    ...more,
  ];
}

let named = 0;

/** A principal of the realm that no other test has: several run at the same time. */
function unique(name: string): string {
  return `${name}-${++named}@KCAP.TEST`;
}

const TICKET_CACHE = ['security.protocol=SASL_PLAINTEXT'];

const KERBEROS: Case[] = [
  {
    name: 'a principal that the KDC does not know',
    attempt: async () => {
      const gone = unique('gone');
      const file = await kafka.realm.keytab(gone);
      await kafka.realm.deletePrincipal(gone);
      return {
        properties: kerberos(`sasl.kerberos.keytab=${file}`, `sasl.kerberos.principal=${gone}`),
      };
    },
    says: /^kcap: Kerberos ticket for gone-.*: Client '.*' not found in Kerberos database$/,
    remedy: /^check -X sasl\.kerberos\.principal=gone-.*@KCAP\.TEST, or have it added/,
  },
  {
    name: 'a principal that the keytab has no key of, though a ticket of another is there',
    attempt: async () => {
      const env = kafka.realm.environment();
      await kafka.realm.takeTicket(env, PRINCIPAL, keytab);
      const properties = kerberos('sasl.kerberos.principal=somebody@KCAP.TEST');
      return { properties, options: { env } };
    },
    says: /^kcap: Kerberos ticket for somebody@KCAP.TEST: Keytab contains no suitable keys/,
    remedy: /klist -k .*\.keytab/,
  },
  {
    name: 'a keytab whose key is no longer the principal’s',
    attempt: async () => {
      const changed = unique('changed');
      const file = await kafka.realm.keytab(changed);
      await kafka.realm.changeKey(changed);
      return {
        properties: kerberos(`sasl.kerberos.keytab=${file}`, `sasl.kerberos.principal=${changed}`),
      };
    },
    says: /^kcap: Kerberos ticket for changed-.*: the key in the keytab is not the one that the KDC has$/,
    remedy: /a new key since: have .*\.keytab written anew/,
  },
  {
    name: 'a keytab that is not there',
    attempt: () => ({ properties: kerberos('sasl.kerberos.keytab=/no/such.keytab') }),
    says: /^kcap: Kerberos ticket for metron-.*: Key table file '\/no\/such.keytab' not found$/,
    remedy: /^check -X sasl\.kerberos\.keytab=/,
  },
  {
    name: 'a keytab that may not be read',
    attempt: async () => {
      const file = await kafka.realm.keytab(unique('hidden'));
      await chmod(file, 0);
      const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
      const env = { KRB5CCNAME: 'FILE:/dev/null' };
      return {
        properties: kerberos(`sasl.kerberos.keytab=${file}`),
        // Root may read anything.
        options: process.getuid?.() === 0 ? { under: nobody, env } : { env },
      };
    },
    says: /^kcap: Kerberos ticket for metron-.*: .*\.keytab.* (?:cannot|can't) be read/,
    remedy: /^check -X sasl\.kerberos\.keytab=/,
  },
  {
    name: 'a keytab that is none',
    attempt: () => ({ properties: kerberos(`sasl.kerberos.keytab=${kafka.realm.configFile}`) }),
    says: /^kcap: Kerberos ticket for metron-.*: Unsupported key table format/,
    remedy: /^check -X sasl\.kerberos\.keytab=/,
  },
  {
    name: 'a realm that nobody knows',
    attempt: async () => {
      const file = await kafka.realm.keytab(unique('elsewhere'));
      const env = { KRB5_CONFIG: '/dev/null' };
      const properties = kerberos(
        `sasl.kerberos.keytab=${file}`,
        'sasl.kerberos.principal=x@NO.SUCH',
      );
      return { properties, options: { env } };
    },
    says: /^kcap: Kerberos ticket for x@NO.SUCH: /,
    remedy: /principal/,
  },
  {
    name: 'no ticket',
    attempt: () => ({ properties: TICKET_CACHE }),
    says: /^kcap: connect to localhost:\d+: No Kerberos credentials available: FILE:/,
    remedy: /^take a ticket with kinit, or let kcap do so: -X sasl\.kerberos\.keytab=/,
  },
  {
    name: 'a ticket that has expired',
    attempt: async () => {
      const env = kafka.realm.environment();
      await kafka.realm.takeTicket(env, PRINCIPAL, keytab, '-l', '1h');
      // Kerberos itself can't say by how much; the clock of whoever has the ticket is two hours on.
      const under = ['faketime', '-f', '+2h'];
      return { properties: TICKET_CACHE, options: { env, under } };
    },
    says: /^kcap: connect to localhost:\d+: Ticket expired$/,
    remedy: /^take a ticket with kinit/,
  },
  {
    name: 'a clock that is wrong, with a keytab',
    attempt: () => ({ properties: kerberos(), options: { under: ['faketime', '-f', '+2h'] } }),
    says: /^kcap: Kerberos ticket for metron-.*: Clock skew too great/,
    remedy: /^set this machine's clock/,
  },
  {
    name: 'a clock that is wrong, with a ticket',
    attempt: async () => {
      const env = kafka.realm.environment();
      await kafka.realm.takeTicket(env, PRINCIPAL, keytab, '-l', '1h');
      return { properties: TICKET_CACHE, options: { env, under: ['faketime', '-f', '+20m'] } };
    },
    says: /^kcap: connect to localhost:\d+: Clock skew too great/,
    remedy: /^set this machine's clock/,
  },
  {
    name: 'a KDC that is not there',
    attempt: async () => ({
      properties: kerberos(),
      options: { env: await kafka.realm.environmentWithKdcAt(await freePort()) },
    }),
    says: /^kcap: Kerberos ticket for metron-.*: Cannot contact any KDC for realm 'KCAP.TEST'$/,
    remedy: /^check that the KDC which \/.*\.conf names for the realm runs/,
  },
  {
    name: 'a KDC that does not answer, with a keytab',
    attempt: async (t) => ({
      properties: kerberos(),
      options: { env: await kafka.realm.environmentWithKdcAt(await silentPort(t)) },
    }),
    says: /^kcap: Kerberos ticket for metron-.*: no answer from the KDC in 4 s$/,
    remedy: /^check that the KDC which/,
  },
  {
    name: 'a KDC that does not answer, with a ticket',
    attempt: async (t) => {
      const env = await kafka.realm.environmentWithKdcAt(await silentPort(t));
      const { KRB5CCNAME = '' } = env;
      await kafka.realm.takeTicket({ ...kafka.realm.environment(), KRB5CCNAME }, PRINCIPAL, keytab);
      return { properties: TICKET_CACHE, options: { env } };
    },
    says: /^kcap: connect to localhost:\d+: .*no answer from the broker, or from the KDC$/,
    remedy: /^check that the KDC which/,
  },
  {
    name: 'another service name',
    attempt: () => ({ properties: kerberos('sasl.kerberos.service.name=kavka') }),
    says: /: Server kavka\/localhost@KCAP.TEST not found in Kerberos database$/,
    remedy: /sasl\.kerberos\.service\.name=/,
  },
  {
    name: 'Cyrus SASL without its plug-in',
    attempt: async (t) => ({
      properties: kerberos(),
      options: { env: { SASL_PATH: await tempFolder(t) } },
    }),
    says: /^kcap: connect to localhost:\d+: Cyrus SASL lacks its plug-in for Kerberos \(GSSAPI\)$/,
    remedy: /^install libsasl2-modules-gssapi-mit/,
  },
  {
    name: 'no kinit',
    attempt: async (t) => ({
      properties: kerberos(),
      options: { under: ['env', `PATH=${await tempFolder(t)}`] },
    }),
    says: /^kcap: Kerberos ticket for metron-.*: there is no kinit$/,
    remedy: /install krb5-user/,
  },
];

const PASSWORDS: Case[] = [
  ...['SCRAM-SHA-256', 'SCRAM-SHA-512', 'PLAIN'].map((mechanism) => ({
    name: `a wrong password (${mechanism})`,
    attempt: () => ({ listener: 'SASL_SSL', properties: password(mechanism) }) as const,
    says: /^kcap: connect to localhost:\d+: SASL authentication error: Authentication failed/,
    remedy: /^check -X sasl\.username=alice and its sasl\.password/,
  })),
  {
    name: 'no password',
    attempt: () => ({
      listener: 'SASL_SSL',
      properties: password('PLAIN').filter((property) => !property.startsWith('sasl.password')),
    }),
    says: /: sasl\.username and sasl\.password must be set$/,
    remedy: /^give both; -X @FILE/,
  },
  {
    name: 'a mechanism that the broker does not offer',
    attempt: () => ({
      properties: password('PLAIN', 'security.protocol=SASL_PLAINTEXT'),
    }),
    says: /SASL PLAIN mechanism handshake failed: .*: GSSAPI,SCRAM-SHA-256$/,
    remedy: /^choose one that it offers, -X sasl\.mechanism=: GSSAPI,SCRAM-SHA-256$/,
  },
  {
    name: 'a mechanism that there is not',
    attempt: () => ({ properties: password('KERBEROS') }),
    says: /: Unsupported SASL mechanism: KERBEROS$/,
    remedy: /^there are: GSSAPI, PLAIN/,
  },
  {
    name: 'SASL where there is none',
    attempt: () => ({ listener: 'PLAINTEXT', properties: kerberos() }),
    says: /: this listener does not ask who the client is \(no SASL\)$/,
    remedy: /-X security\.protocol=PLAINTEXT/,
  },
  {
    name: 'no SASL where there is',
    attempt: () => ({ properties: [] }),
    says: /: the broker hung up as soon as it was asked something$/,
    remedy: /-X security\.protocol=SASL_PLAINTEXT -X sasl\.mechanism=/,
  },
];

const TLS: Case[] = [
  {
    name: 'no TLS where there is',
    attempt: () => ({ listener: 'SSL', properties: [] }),
    says: /: the broker hung up at the first request$/,
    remedy: /-X security\.protocol=SSL$/,
  },
  {
    name: 'TLS where there is none',
    attempt: () => ({ listener: 'PLAINTEXT', properties: tls() }),
    says: /: no TLS is spoken there$/,
    remedy: /-X security\.protocol=PLAINTEXT,/,
  },
  {
    name: 'an authority that is not trusted',
    attempt: () => ({ listener: 'SSL', properties: ['security.protocol=SSL'] }),
    says: /: the broker's certificate was signed by kcap test authority, whom this system does not know$/,
    remedy: /-X ssl\.ca\.location=FILE$/,
  },
  {
    name: 'a certificate of another host',
    attempt: () => ({ listener: 'WRONGHOST', properties: tls() }),
    says: /: the broker's certificate is for other\.example, not for localhost$/,
    remedy: /^name the broker with -k as its certificate does/,
  },
  {
    name: 'a certificate of the past',
    attempt: () => ({ listener: 'EXPIRED', properties: tls() }),
    says: /: the broker's certificate expired on Jan {2}1 00:00:00 2021 GMT$/,
    remedy: /^the broker needs a new one/,
  },
  {
    name: 'no certificate of the client',
    attempt: () => ({ listener: 'MUTUAL', properties: tls() }),
    says: /alert bad certificate/,
    remedy: /^the broker wants a certificate of the client: -X ssl\.certificate\.location=/,
  },
  {
    name: 'a file of authorities that is not there',
    attempt: () => ({ listener: 'SSL', properties: tls('ssl.ca.location=/no/such.pem') }),
    says: /: ssl\.ca\.location failed: /,
    remedy: /^check that \/no\/such.pem is there/,
  },
  {
    name: 'a key that is not the certificate’s',
    attempt: async () => {
      const other = await kafka.authority.issue({ commonName: unique('other') });
      const { certificate } = kafka.clientCertificate;
      return {
        listener: 'MUTUAL',
        properties: tls(`ssl.certificate.location=${certificate}`, `ssl.key.location=${other.key}`),
      };
    },
    says: /: ssl\.key\.location failed: .*key values mismatch$/,
    remedy: /^the key of ssl\.key\.location is not that of the certificate/,
  },
];

const PORTS: Case[] = [
  {
    name: 'the port of a web server',
    attempt: async (t) => {
      const port = await freePort();
      const server = createWebServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => server.close());
      return { brokers: `127.0.0.1:${port}`, properties: [] };
    },
    says: /^kcap: connect to 127\.0\.0\.1:\d+: an HTTP server answers there, not a Kafka broker$/,
    remedy: /^name the port of a Kafka listener with -k/,
  },
  {
    name: 'a port where nobody says a word',
    attempt: async (t) => ({ brokers: `127.0.0.1:${await silentPort(t)}`, properties: [] }),
    says: /: it takes the connection, but does not answer as a Kafka broker does$/,
    remedy: /^check that -k names the port of a Kafka listener/,
  },
  {
    name: 'a host without an address',
    attempt: () => ({ brokers: UNKNOWN_ADDRESS, properties: [] }),
    says: /^kcap: connect to no-such-host\.invalid:9092: Failed to resolve/,
    remedy: /^check the host name given with -k/,
  },
];

for (const [what, cases] of Object.entries({
  Kerberos: KERBEROS,
  passwords: PASSWORDS,
  TLS,
  PORTS,
}))
  describe(`${what}: what is wrong is said in one line`, { concurrency: 4 }, () => {
    for (const { name, attempt, says, remedy } of cases)
      for (const mode of ['producer', 'consumer'] as const)
        test(`${name} (${mode})`, async (t) => {
          const [said, advised] = await refused(t, mode, await attempt(t));
          assert.match(said, says);
          assert.match(advised, remedy);
        });
  });

describe('brokers that send clients where they can’t be reached (advertised.listeners)', () => {
  const listeners = [
    ['CLOSED', () => kafka.closedAddress, 'Connection refused'],
    ['UNKNOWN', () => UNKNOWN_ADDRESS, 'Name or service not known'],
  ] as const;
  for (const [listener, told, cause] of listeners) {
    test(`are told from a wrong -k: ${cause} (consumer)`, async (t) => {
      const topic = await freshTopic(t);
      const [said, advised] = await refused(t, 'consumer', { listener, topic, properties: [] });
      assert.match(said, new RegExp(`: ${told()}: .*${cause}$`));
      assert.ok(advised.startsWith(`the brokers send clients to ${told()}: `), advised);
      assert.match(advised, /advertised\.listeners/);
    });

    test(`are told from a wrong -k: ${cause} (producer, at work)`, async (t) => {
      const run = kcap(
        t,
        ['-p', '-r', '-', '-k', kafka.at(listener), '-t', await freshTopic(t)].concat(
          '--drain-timeout',
          '0',
        ),
        { stdin: 'open' },
      );
      run.stdin.write(pcapFile({ packets: [] }));
      const said = await run.waitForLog(({ msg }) => String(msg).includes(cause));
      assert.match(
        String(said['msg']),
        new RegExp(`^Kafka: ${told()}/1: .*; the brokers send clients to ${told()}: `),
      );
      run.stdin.end();
      await run.exit;
    });
  }
});

/** A port where one can connect, and nobody ever says a word. */
async function silentPort(t: TestContext): Promise<number> {
  const port = await freePort();
  const tcp = createServer().listen(port, '127.0.0.1');
  const udp = createSocket('udp4').bind(port, '127.0.0.1');
  await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
  t.after(() => {
    tcp.close();
    udp.close();
  });
  return port;
}

function as(user: string): string[] {
  return [
    'security.protocol=SASL_PLAINTEXT',
    'sasl.mechanism=SCRAM-SHA-256',
    `sasl.username=${user}`,
    `sasl.password=${user}-hunter2`,
  ];
}

interface RightsCase {
  readonly name: string;
  readonly user: string;
  readonly mode: Mode;
  readonly more?: readonly string[];
  readonly says: RegExp;
  /** The right that the remedy grants: options of kafka-acls.sh. */
  readonly grants: RegExp;
}

const RIGHTS: RightsCase[] = [
  {
    name: 'who may see the topic, and may write to another one, may not write to it',
    user: 'elsewhere',
    mode: 'producer',
    says: /^kcap: send to topic kcap-test-.*: Broker: Topic authorization failed$/,
    grants: /--allow-principal User:elsewhere --producer --topic kcap-test-[-\w]+$/,
  },
  {
    name: 'who may write nowhere may not even number his messages',
    user: 'describer',
    mode: 'producer',
    // Whichever of the two comes first.
    says: /^kcap: send to topic kcap-test-.*: (?:Broker: Topic|Cluster) authorization failed/,
    grants: /--allow-principal User:describer --producer --topic kcap-test-[-\w]+/,
  },
  {
    name: 'nor write without numbers',
    user: 'describer',
    mode: 'producer',
    more: ['-X', 'enable.idempotence=false'],
    says: /^kcap: send to topic kcap-test-.*: Broker: Topic authorization failed$/,
    grants: /--allow-principal User:describer --producer --topic kcap-test-[-\w]+$/,
  },
  {
    name: 'who may see the topic may not read it',
    user: 'describer',
    mode: 'consumer',
    says: /^kcap: read topic kcap-test-.*: Fetch from broker 1 failed: Broker: Topic authorization/,
    grants: /--allow-principal User:describer --operation Read --topic kcap-test-[-\w]+$/,
  },
  {
    name: 'nor read its packets of a time',
    user: 'describer',
    mode: 'consumer',
    more: ['-o', 's@0'],
    says: /^kcap: read topic kcap-test-.*: Fetch from broker 1 failed: Broker: Topic authorization/,
    grants: /--allow-principal User:describer --operation Read --topic kcap-test-[-\w]+$/,
  },
  {
    name: 'who may read the topic may not be of a group',
    user: 'reader',
    mode: 'consumer',
    more: ['-g', 'team'],
    says: /^kcap: read topic kcap-test-.*: group team: Group authorization failed$/,
    grants: /--allow-principal User:reader --consumer --topic kcap-test-[-\w]+ --group team$/,
  },
  ...(['producer', 'consumer'] as const).map((mode) => ({
    name: `who may not even see the topic: ${mode}`,
    user: 'stranger',
    mode,
    says: /^kcap: topic kcap-test-.*: the user may not see it on localhost:\d+ \(TOPIC_AUTHORIZATION_FAILED\)$/,
    grants:
      /^let the user do so: .*--allow-principal User:stranger --(?:producer|operation Read) --topic/,
  })),
];

describe('rights: what is missing is said in one line', { concurrency: 4 }, () => {
  before(async () => {
    const prefixed = ['--resource-pattern-type', 'prefixed', '--topic', 'kcap-test-'];
    const to = (...users: string[]) =>
      users.flatMap((user) => ['--allow-principal', `User:${user}`]);
    await Promise.all([
      kafka.grant(...to('describer', 'elsewhere'), '--operation', 'Describe', ...prefixed),
      kafka.grant(...to('elsewhere'), '--operation', 'Write', '--topic', 'elsewhere'),
      kafka.grant(...to('reader'), '--operation', 'Read', ...prefixed),
      kafka.grant(...to('member'), '--producer', ...prefixed),
    ]);
  });

  for (const { name, user, mode, more = [], says, grants } of RIGHTS)
    test(name, async (t) => {
      const topic = await freshTopic(t);
      const [said, advised] = await refused(t, mode, { topic, properties: as(user), more });
      assert.match(said, says);
      assert.match(advised, grants);
      assert.ok(advised.includes(`kafka-acls.sh --bootstrap-server ${kafka.at('SASL_PLAINTEXT')}`));
    });

  test('kcap topic shows what it may, and says what it may not see', async (t) => {
    const topic = await freshTopic(t);
    await sendMessages(topic, [{ key: 'k', value: Buffer.alloc(60) }]);
    const run = kcap(t, [
      ...['topic', '-k', kafka.at('SASL_PLAINTEXT'), '-t', topic, '--json'],
      ...as('describer').flatMap((property) => ['-X', property]),
    ]);
    const { status, durationMs } = await run.exit;
    assert.equal(status, 0, run.stderr);
    assert.ok(durationMs < TOLD_WITHIN_MS, `${durationMs} ms`);
    const report = JSON.parse(run.stdout.toString()) as Record<string, unknown>;
    const { messages, sampled, link_types, retention_ms, warnings } = report;
    assert.deepEqual(
      { messages, sampled, link_types, retention_ms },
      { messages: 1, sampled: 0, link_types: null, retention_ms: null },
    );
    const [ofSample, ofSettings] = warnings as string[];
    assert.match(ofSample ?? '', /^the sample is incomplete: read topic .*: .*Topic authorization/);
    assert.match(ofSettings ?? '', /^the topic's settings are not known: .* DescribeConfigs/);
  });

  test('a right to write is missed before there is anything to write', async (t) => {
    const topic = await freshTopic(t);
    const run = kcap(
      t,
      ['-p', '-r', '-', '-k', kafka.at('SASL_PLAINTEXT'), '-t', topic].concat(
        as('elsewhere').flatMap((property) => ['-X', property]),
      ),
      { stdin: 'open' },
    );
    // A file, but none of its packets.
    run.stdin.write(pcapFile({ packets: [] }));
    const { status, durationMs } = await run.exit;
    assert.equal(status, 1);
    assert.ok(durationMs < TOLD_WITHIN_MS, `${durationMs} ms`);
    assert.match(errorOf(run)[0], /^kcap: send to topic kcap-test-.*: Broker: Topic authorization/);
  });

  test('who has the right to write, and no other, sends; who has that to read reads', async (t) => {
    const topic = await freshTopic(t);
    const file = path.join(await tempFolder(t), 'in.pcap');
    const packets = [{ seconds: 1, fraction: 0, frame: Buffer.alloc(60) }];
    await writeFile(file, pcapFile({ packets }));
    const at = ['-k', kafka.at('SASL_PLAINTEXT'), '-t', topic];
    const options = (user: string) => as(user).flatMap((property) => ['-X', property]);
    const sent = kcap(t, ['-p', '-r', file, ...at, ...options('member')]);
    assert.equal((await sent.exit).status, 0, sent.stderr);
    const read = kcap(t, ['-c', '-o', 'begin', '-e', ...at, ...options('reader')]);
    assert.equal((await read.exit).status, 0, read.stderr);
    assert.ok(read.stdout.equals(pcapFile({ packets })));
    // A reader without a group needs no right to one, and hears nothing of it.
    assert.ok(!read.stderr.includes('Group authorization'), read.stderr);
  });
});
