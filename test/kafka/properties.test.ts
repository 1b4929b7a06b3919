import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { addon } from '#kcap/addon/addon.js';
import { isOfOtherClient, parseProperty } from '#kcap/kafka/properties.js';
import { hideSecrets, isSecret, shownProperties } from '#kcap/kafka/secrets.js';
import { UserError, usageError } from '#kcap/errors/user-error.js';

describe('a property of -X', () => {
  const good: [text: string, name: string, value: string][] = [
    ['compression.type=lz4', 'compression.type', 'lz4'],
    ['linger.ms=0.5', 'linger.ms', '0.5'],
    // Everything after the first equals sign is the value.
    ['sasl.password=a=b==', 'sasl.password', 'a=b=='],
    ['client.id=', 'client.id', ''],
    ['client.id= with spaces ', 'client.id', ' with spaces '],
    // pycapa's own examples for Kerberos.
    ['security.protocol=SASL_PLAINTEXT', 'security.protocol', 'SASL_PLAINTEXT'],
    [
      'sasl.kerberos.keytab=/etc/security/keytabs/x.keytab',
      'sasl.kerberos.keytab',
      '/etc/security/keytabs/x.keytab',
    ],
    ['sasl.kerberos.principal=metron@EXAMPLE.COM', 'sasl.kerberos.principal', 'metron@EXAMPLE.COM'],
    // Properties of topics are librdkafka's as well.
    ['acks=all', 'acks', 'all'],
    ['auto.offset.reset=earliest', 'auto.offset.reset', 'earliest'],
  ];
  for (const [text, name, value] of good) {
    test(`is ${name} in ${text}`, () => {
      assert.deepEqual(parseProperty(text), [name, value]);
    });
  }

  for (const text of ['compression.type', '=lz4', '', '=']) {
    test(`is not '${text}'`, () => {
      const expected = [
        'not of the form KEY=VALUE',
        'for example -X compression.type=lz4',
      ] as const;
      assert.throws(() => parseProperty(text), usageError(`-X ${text}`, ...expected));
    });
  }

  const unknown: [text: string, meant: string | undefined][] = [
    ['lingr.ms=1', 'linger.ms'],
    ['compresion.type=lz4', 'compression.type'],
    ['Linger.ms=1', 'linger.ms'],
    ['bootstrap.server=b:9092', 'bootstrap.servers'],
    ['fetch.max.byte=1', 'fetch.max.bytes'],
    // These have no default.
    ['group.idd=x', 'group.id'],
    ['sasl.usrname=x', 'sasl.username'],
    ['ssl.ca.locaton=x', 'ssl.ca.location'],
    ['sasl.kerberos.keytb=x', 'sasl.kerberos.keytab'],
    ['xyzzy=1', undefined],
    ['entirely.different.thing=1', undefined],
  ];
  for (const [text, meant] of unknown) {
    test(`that does not exist, ${text}: ${meant ?? 'none'} was meant`, () => {
      const list = "librdkafka's CONFIGURATION.md lists them all";
      const [name = ''] = text.split('=');
      assert.throws(
        () => parseProperty(text),
        usageError(
          `-X ${name}`,
          'librdkafka has no such property',
          meant === undefined ? list : `did you mean ${meant}? ${list}`,
        ),
      );
    });
  }

  const invalid: [text: string, cause: string][] = [
    ['security.protocol=TLS', 'Invalid value "TLS" for configuration property "security.protocol"'],
    ['debug=everything', 'Invalid value "everything" for configuration property "debug"'],
    ['enable.idempotence=maybe', 'Expected bool value for "enable.idempotence": true or false'],
    [
      'session.timeout.ms=',
      'Integer configuration property "session.timeout.ms" cannot be set to empty value',
    ],
    [
      'batch.num.messages=0',
      'Configuration property "batch.num.messages" value 0 is outside allowed range 1..1000000',
    ],
  ];
  for (const [text, cause] of invalid) {
    test(`with a value that cannot be: ${text}`, () => {
      const [name = ''] = text.split('=');
      assert.throws(() => parseProperty(text), usageError(`-X ${name}`, cause));
    });
  }
});

describe('a property that kcap can’t work with', () => {
  const refused: [text: string, why: RegExp, instead: RegExp][] = [
    ['transactional.id=x', /^kcap sends without transactions/, /enable\.idempotence/],
    ['delivery.report.only.error=true', /^kcap counts a packet as sent once/, /^leave it out/],
    ['delivery.report.only.error=t', /^kcap counts a packet as sent once/, /^leave it out/],
    ['enable.auto.offset.store=true', /^kcap stores offsets itself/, /^leave it out/],
    ['offset.store.method=file', /with the brokers$/, /^leave it out/],
    ['log.queue=true', /^nobody would read that queue/, /-ll/],
    ['enabled_events=1', /^kcap chooses the events/, /^leave it out/],
    ['test.mock.num.brokers=1', /in-memory cluster of its own$/, /kcap broker/],
    ['plugin.library.paths=x', /loads no other libraries/, /^leave it out/],
    // Of these, librdkafka says it.
    ['dr_cb=x', /^only programs can set it/, /^leave it out/],
    ['rebalance_cb=x', /^only programs can set it/, /^leave it out/],
    ['opaque=x', /^only programs can set it/, /^leave it out/],
    ['interceptors=x', /^only programs can set it/, /^leave it out/],
    // Brokers are checked under either name.
    ['bootstrap.servers=kafka://b:9092', /^a broker's address has no scheme/, /^write b:9092$/],
    ['metadata.broker.list=b:x', /^the port is not a number/, /^for example/],
  ];
  for (const [text, why, instead] of refused)
    test(`is refused, and why: ${text}`, () => {
      const { message, remedy, exitStatus } = errorOf(text);
      const [name = ''] = text.split('=');
      assert.ok(message.startsWith(`-X ${name}: `), message);
      assert.match(message.replace(/^-X [^ ]+: (?:\S+:\S+: )?/, ''), why);
      assert.match(remedy ?? '', instead);
      assert.equal(exitStatus, 2);
    });

  for (const text of [
    'transactional.id=',
    'delivery.report.only.error=false',
    'enable.auto.offset.store=false',
    'enable.auto.commit=false',
    'offset.store.method=broker',
    'log.queue=false',
    'partition.assignment.strategy=cooperative-sticky',
  ])
    test(`is none with a value that changes nothing: ${text}`, () => {
      assert.deepEqual(parseProperty(text), text.split('='));
    });

  const roles: [name: string, foreignTo: 'producer' | 'consumer' | undefined][] = [
    ['acks', 'consumer'],
    ['linger.ms', 'consumer'],
    ['group.id', 'producer'],
    ['enable.auto.commit', 'producer'],
    ['client.id', undefined],
    ['ssl.ca.location', undefined],
  ];
  for (const [name, foreignTo] of roles)
    test(`has no effect in the other mode: ${name}`, () => {
      assert.equal(isOfOtherClient(name, 'producer'), foreignTo === 'producer');
      assert.equal(isOfOtherClient(name, 'consumer'), foreignTo === 'consumer');
    });
});

describe("a property of Kafka's Java client", () => {
  const names: [name: string, instead: RegExp][] = [
    ['ssl.truststore.location', /^use ssl\.ca\.location/],
    ['ssl.truststore.password', /^use ssl\.ca\.location/],
    ['ssl.keystore.type', /^use ssl\.certificate\.location and ssl\.key\.location/],
    ['sasl.jaas.config', /^use sasl\.username and sasl\.password, or for Kerberos/],
    ['sasl.login.callback.handler.class', /^use sasl\.oauthbearer\.method=oidc/],
    ['sasl.kerberos.ticket.renew.jitter', /^use sasl\.kerberos\.min\.time\.before\.relogin/],
    ['ssl.enabled.protocols', /^leave it out/],
    ['key.serializer', /^leave it out/],
    ['value.deserializer', /^leave it out/],
    ['max.poll.records', /^leave it out/],
    ['partitioner.class', /^use partitioner/],
    ['buffer.memory', /^use queue\.buffering\.max\.kbytes/],
    ['max.request.size', /^use message\.max\.bytes/],
    ['fetch.max.wait.ms', /^use fetch\.wait\.max\.ms/],
    ['receive.buffer.bytes', /^use socket\.receive\.buffer\.bytes/],
  ];
  for (const [name, instead] of names)
    test(`gets a word on librdkafka's: ${name}`, () => {
      const { message, remedy } = errorOf(`${name}=hunter2`);
      assert.equal(message, `-X ${name}: it is of Kafka's Java client`);
      assert.match(remedy ?? '', instead);
      // What is named instead is there.
      for (const [, other = ''] of (remedy ?? '').matchAll(/\b((?:ssl|sasl)\.[a-z.]+[a-z])\b/g))
        assert.deepEqual(addon.propertyProblem(other, '1')?.unknown ?? false, false, other);
    });

  for (const name of ['ssl.keystore.location', 'ssl.keystore.password', 'ssl.key.password'])
    test(`is librdkafka's as well: ${name}`, () => {
      assert.deepEqual(parseProperty(`${name}=x`), [name, 'x']);
    });
});

describe('a secret', () => {
  const texts: [said: string, password: string, shown: string][] = [
    ["echo 'hunter2' | kinit, hunter2", 'hunter2', "echo '***' | kinit, ***"],
    ['https://me:a.b+c(d@host', 'a.b+c(d', 'https://me:***@host'],
    // A short one is a part of many words.
    ['kafka: ka is not a kafka, ka', 'ka', 'kafka: *** is not a kafka, ***'],
    ['nothing to hide', '', 'nothing to hide'],
  ];
  for (const [said, password, shown] of texts)
    test(`is hidden where somebody repeats it: ${said}`, () => {
      const properties = new Map([
        ['sasl.username', 'kafka'],
        ['sasl.password', password],
      ]);
      assert.equal(hideSecrets(said, properties), shown);
    });

  test('is not said by the error for a property that does not exist', () => {
    const { message, remedy } = errorOf('sasl.pasword=hunter2');
    assert.doesNotMatch(`${message} ${remedy ?? ''}`, /hunter2/);
  });

  for (const text of ['sasl.password hunter2', 'sasl.password:hunter2']) {
    test(`is not said where the equals sign is missing: ${text}`, () => {
      const { message, remedy } = errorOf(text);
      assert.doesNotMatch(`${message} ${remedy ?? ''}`, /hunter2/);
    });
  }

  // The names are librdkafka's, from its CONFIGURATION.md.
  const names: [name: string, secret: boolean][] = [
    ['sasl.password', true],
    ['ssl.key.password', true],
    ['ssl.keystore.password', true],
    ['ssl.key.pem', true],
    ['sasl.oauthbearer.client.secret', true],
    ['sasl.oauthbearer.client.credentials.client.secret', true],
    ['sasl.oauthbearer.assertion.private.key.pem', true],
    ['sasl.oauthbearer.assertion.private.key.passphrase', true],
    ['sasl.jaas.config', true],
    ['sasl.oauthbearer.config', true],
    ['sasl.oauthbearer.token.endpoint.url', false],
    ['sasl.oauthbearer.assertion.private.key.file', false],
    ['sasl.username', false],
    ['sasl.kerberos.keytab', false],
    ['ssl.key.location', false],
    ['ssl.certificate.pem', false],
    ['bootstrap.servers', false],
  ];
  for (const [name, secret] of names) {
    test(`is ${secret ? '' : 'not '}the value of ${name}`, () => {
      assert.equal(isSecret(name), secret);
    });
  }

  test('is shown as stars', () => {
    const properties = new Map([
      ['bootstrap.servers', 'b:9092'],
      ['sasl.password', 'hunter2'],
      ['ssl.key.password', ''],
    ]);
    assert.deepEqual(shownProperties(properties), {
      'bootstrap.servers': 'b:9092',
      'sasl.password': '***',
      'ssl.key.password': '***',
    });
  });
});

function errorOf(text: string): UserError {
  try {
    parseProperty(text);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`'${text}' was taken`);
}
