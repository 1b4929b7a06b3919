import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';

import { kcap, type KcapOptions } from '../support/kcap.js';
import type { KcapRun } from '../support/kcap-run.js';
import { pcapFile, type PcapPacket } from '../support/pcap-file.js';
import { REAUTH_MS, SecuredKafka, type Listener } from '../support/secured-kafka.js';
import { tempFolder } from '../support/temp-folder.js';
import { useBrokers } from '../support/test-brokers.js';
import { freshTopic } from '../support/topic.js';
import { waitFor } from '../support/wait-for.js';

const PCAP_HEADER_BYTES = 24;
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

function numbered(count: number): PcapPacket[] {
  return Array.from({ length: count }, (_, index) => {
    const frame = Buffer.alloc(60);
    frame.writeUInt32BE(index);
    return { seconds: 1_700_000_000, fraction: index, frame };
  });
}

/** The -X lines of pycapa's own example, for the keytab. */
function kerberos(): string[] {
  return [
    'security.protocol=SASL_PLAINTEXT',
    `sasl.kerberos.keytab=${keytab}`,
    `sasl.kerberos.principal=${PRINCIPAL}`,
  ];
}

function overTls(...properties: string[]): string[] {
  return ['security.protocol=SASL_SSL', `ssl.ca.location=${kafka.authority.file}`, ...properties];
}

const WAYS: readonly [name: string, listener: Listener, properties: () => string[]][] = [
  ['Kerberos by keytab', 'SASL_PLAINTEXT', kerberos],
  ['Kerberos by keytab over TLS', 'SASL_SSL', () => [...kerberos(), ...overTls()]],
  [
    'SCRAM-SHA-256 without TLS',
    'SASL_PLAINTEXT',
    () => [
      'security.protocol=SASL_PLAINTEXT',
      'sasl.mechanisms=SCRAM-SHA-256',
      'sasl.username=alice',
      'sasl.password=alice-hunter2',
    ],
  ],
  [
    'SCRAM-SHA-512',
    'SASL_SSL',
    () =>
      overTls('sasl.mechanism=SCRAM-SHA-512', 'sasl.username=alice', 'sasl.password=alice-hunter2'),
  ],
  [
    'PLAIN',
    'SASL_SSL',
    () =>
      overTls('sasl.mechanism=PLAIN', 'sasl.username=alice', 'sasl.password=alice-plain-hunter2'),
  ],
  [
    'OAUTHBEARER',
    'SASL_SSL',
    () =>
      overTls(
        'sasl.mechanism=OAUTHBEARER',
        'enable.sasl.oauthbearer.unsecure.jwt=true',
        'sasl.oauthbearer.config=principal=alice',
      ),
  ],
  ['TLS', 'SSL', () => ['security.protocol=SSL', `ssl.ca.location=${kafka.authority.file}`]],
  [
    'mutual TLS',
    'MUTUAL',
    () => [
      'security.protocol=SSL',
      `ssl.ca.location=${kafka.authority.file}`,
      `ssl.certificate.location=${kafka.clientCertificate.certificate}`,
      `ssl.key.location=${kafka.clientCertificate.key}`,
    ],
  ],
];

/** Sends ten packets and reads them back, both by kcap, with these properties. */
async function roundTrip(
  t: TestContext,
  listener: Listener,
  properties: readonly string[],
  env: Record<string, string>,
): Promise<void> {
  const topic = await freshTopic(t);
  const packets = numbered(10);
  const file = path.join(await tempFolder(t), 'in.pcap');
  await writeFile(file, pcapFile({ packets: numbered(20) }));
  const common = [
    ...['--kafka-broker', kafka.at(listener), '--kafka-topic', topic, '--max-packets', '10'],
    ...properties.flatMap((property) => ['-X', property]),
  ];
  const producer = kcap(t, ['--producer', '--read', file, ...common], { env });
  assert.equal((await producer.exit).status, 0, producer.stderr);
  assert.equal(producer.summary().packets_out, 10);
  const consumer = kcap(t, ['--consumer', '--kafka-offset', 'begin', ...common], { env });
  assert.equal((await consumer.exit).status, 0, consumer.stderr);
  assert.ok(consumer.stdout.equals(pcapFile({ packets })));
  for (const run of [producer, consumer]) assertNothingWarned(run);
}

function assertNothingWarned(run: KcapRun): void {
  const warned = run.records.filter(({ level }) => level !== 'info');
  // A broker that has just started is still loading its transactions.
  const [first, ...rest] = warned.filter(({ msg }) => !/Coordinator load/.test(String(msg)));
  assert.deepEqual([first, ...rest], [undefined]);
}

describe('packets go to a secured topic and come back', { concurrency: 3 }, () => {
  for (const [name, listener, properties] of WAYS)
    test(`by ${name}`, async (t) => {
      await roundTrip(t, listener, properties(), kafka.realm.environment());
    });

  test('by Kerberos with the ticket that somebody took with kinit', async (t) => {
    const env = kafka.realm.environment();
    const principal = 'metron-metron/somebody@KCAP.TEST';
    await kafka.realm.takeTicket(env, principal, await kafka.realm.keytab(principal));
    assert.equal(await kafka.realm.ticketsGiven(principal), 1);
    await roundTrip(t, 'SASL_PLAINTEXT', ['security.protocol=SASL_PLAINTEXT'], env);
    assert.equal(await kafka.realm.ticketsGiven(principal), 1);
  });

  test('by Kerberos with a kinit command of one’s own', async (t) => {
    const command = `kinit -k -t ${keytab} ${PRINCIPAL}`;
    const properties = ['security.protocol=SASL_PLAINTEXT', `sasl.kerberos.kinit.cmd=${command}`];
    await roundTrip(t, 'SASL_PLAINTEXT', properties, kafka.realm.environment());
  });

  test('from and to the same offsets: a group, and a start by time', async (t) => {
    const topic = await freshTopic(t);
    const file = path.join(await tempFolder(t), 'in.pcap');
    await writeFile(file, pcapFile({ packets: numbered(10) }));
    const env = kafka.realm.environment();
    const common = ['-k', kafka.at('SASL_PLAINTEXT'), '-t', topic].concat(
      kerberos().flatMap((property) => ['-X', property]),
    );
    assert.equal((await kcap(t, ['-p', '-r', file, ...common], { env }).exit).status, 0);
    for (const [how, count] of [
      [['-o', 's@0'], 10],
      [['-o', 'stored', '-g', topic], 10],
      [['-o', 'stored', '-g', topic], 0],
    ] as const) {
      const run = kcap(t, ['-c', '-e', ...how, ...common], { env });
      assert.equal((await run.exit).status, 0, run.stderr);
      assert.equal(run.summary().packets_out, count);
    }
  });
});

describe('a secret', { concurrency: 3 }, () => {
  const MECHANISMS = [
    ['SCRAM-SHA-512', 'alice-hunter2'],
    ['PLAIN', 'alice-plain-hunter2'],
  ] as const;
  for (const [mechanism, right] of MECHANISMS)
    for (const [kind, secret] of [
      ['right', right],
      ['wrong', 'not-hunter2'],
    ] as const)
      test(`is in nothing that is said: ${mechanism}, ${kind} password`, async (t) => {
        const topic = await freshTopic(t);
        const file = path.join(await tempFolder(t), 'in.pcap');
        await writeFile(file, pcapFile({ packets: numbered(1) }));
        const properties = overTls(
          `sasl.mechanism=${mechanism}`,
          'sasl.username=alice',
          `sasl.password=${secret}`,
          'debug=all',
        );
        const more = ['-k', kafka.at('SASL_SSL'), '-t', topic, '-ll', 'DEBUG'].concat(
          properties.flatMap((property) => ['-X', property]),
        );
        for (const mode of [
          ['-p', '-r', file, '-pp', '1'],
          ['-c', '-o', 'begin', '-e'],
        ]) {
          const run = kcap(t, [...mode, ...more]);
          assert.equal((await run.exit).status, kind === 'right' ? 0 : 1);
          // Everything else is there, and much of it.
          assert.match(run.stderr, /"sasl\.password":"\*\*\*"/);
          assert.match(run.stderr, /librdkafka: SASL: /);
          for (const output of [run.stderr, run.stdout.toString('latin1')])
            assert.ok(!output.includes('hunter2'));
        }
      });

  test('is not in the list of processes', async (t) => {
    const topic = await freshTopic(t);
    const properties = overTls(
      'sasl.mechanism=PLAIN',
      'sasl.username=alice',
      'sasl.password=alice-plain-hunter2',
    );
    const options = properties.flatMap((property) => ['-X', property]);
    const run = kcap(t, ['-c', '-k', kafka.at('SASL_SSL'), '-t', topic, ...options]);
    await run.started();
    const shown = await readFile(`/proc/${run.pid}/cmdline`, 'utf8');
    assert.match(shown, /^kcap -c -k localhost:\d+ .* -X sasl\.password=\*\*\*\0*$/);
    const { stdout } = run;
    run.signal('SIGTERM');
    await run.exit;
    assert.ok(!`${run.stderr}${stdout.toString()}`.includes('hunter2'));
  });
});

/**
 * A capture into a listener that asks again and again who the client is, and a reader beside it. `isOver` says when
 * enough has happened.
 */
async function longRun(
  t: TestContext,
  properties: readonly string[],
  env: KcapOptions['env'] & object,
  isOver: (producer: KcapRun) => Promise<boolean>,
): Promise<{ producer: KcapRun; consumer: KcapRun; sent: PcapPacket[] }> {
  const topic = await freshTopic(t);
  const common = ['-k', kafka.at('REAUTH'), '-t', topic].concat(
    properties.flatMap((property) => ['-X', property]),
  );
  const consumer = kcap(t, ['-c', '-o', 'begin', ...common], { env });
  const producer = kcap(t, ['-p', '-r', '-', ...common], {
    env,
    stdin: 'open',
  });
  const sent: PcapPacket[] = [];
  producer.stdin.write(pcapFile({ packets: [] }));
  await producer.started();
  await waitFor(
    async () => {
      const packet = { seconds: 1_700_000_000, fraction: sent.length, frame: Buffer.alloc(60, 1) };
      sent.push(packet);
      producer.stdin.write(pcapFile({ packets: [packet] }).subarray(PCAP_HEADER_BYTES));
      return isOver(producer);
    },
    { limitMs: 60_000, what: 'the run to be long enough' },
  );
  producer.stdin.end();
  await producer.exit;
  return { producer, consumer, sent };
}

describe('a ticket that is over before the run', () => {
  const principal = 'metron-metron/brief@KCAP.TEST';
  const LIFE_S = 8;
  let brief: string;
  before(async () => {
    brief = await kafka.realm.keytab(principal, `-maxlife ${LIFE_S}s`);
  });

  test('is renewed with the keytab, and nothing is lost', async (t) => {
    const properties = [
      'security.protocol=SASL_PLAINTEXT',
      `sasl.kerberos.keytab=${brief}`,
      `sasl.kerberos.principal=${principal}`,
      `sasl.kerberos.min.time.before.relogin=2000`,
    ];
    const env = kafka.realm.environment();
    const start = performance.now();
    // The ticket of the start, and what Kerberos bears of difference between clocks (5 s), are over by then.
    const longEnoughMs = LIFE_S * 1000 + 5000 + REAUTH_MS;
    const { producer, consumer, sent } = await longRun(t, properties, env, () =>
      Promise.resolve(performance.now() - start > longEnoughMs),
    );
    assert.equal((await producer.exit).status, 0, producer.stderr);
    assert.equal(producer.summary().packets_out, sent.length);
    const whole = pcapFile({ packets: sent });
    await waitFor(() => consumer.stdout.length === whole.length, {
      limitMs: 10_000,
      what: 'the last packet',
    });
    consumer.signal('SIGTERM');
    assert.equal((await consumer.exit).status, 0, consumer.stderr);
    assert.ok(consumer.stdout.equals(whole));
  });

  test('is missed, and said, where nothing renews it', async (t) => {
    const env = kafka.realm.environment();
    await kafka.realm.takeTicket(env, principal, brief);
    const said = /Kafka: Ticket expired; take a ticket with kinit/;
    // The end of its input is waited for as long as that.
    const properties = ['security.protocol=SASL_PLAINTEXT', 'message.timeout.ms=2000'];
    const { producer } = await longRun(t, properties, env, (run) =>
      Promise.resolve(said.test(run.stderr)),
    );
    assert.equal((await producer.exit).status, 1);
  });

  test('whose renewal fails is said with the KDC’s words', async (t) => {
    const gone = 'metron-metron/gone@KCAP.TEST';
    const file = await kafka.realm.keytab(gone);
    const properties = [
      'security.protocol=SASL_PLAINTEXT',
      `sasl.kerberos.keytab=${file}`,
      `sasl.kerberos.principal=${gone}`,
      `sasl.kerberos.min.time.before.relogin=500`,
    ];
    let deleted = false;
    await longRun(t, properties, kafka.realm.environment(), async (run) => {
      if (!deleted) await kafka.realm.deletePrincipal(gone);
      deleted = true;
      return /Kerberos ticket for metron-metron\/gone@KCAP.TEST: Client .* not found/.test(
        run.stderr,
      );
    });
  });
});
