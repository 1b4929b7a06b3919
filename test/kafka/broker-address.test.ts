import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { usageError } from '#kcap/errors/user-error.js';
import { checkBrokers } from '#kcap/kafka/broker-address.js';

const EXAMPLE = 'for example -k kafka1:9092,kafka2:9092';
const PORT = 'the port is not a number from 1 to 65535';

describe("a list of brokers' addresses", () => {
  const good = [
    'localhost:9092',
    'kafka1',
    'kafka1.example.com:9092,kafka2.example.com:9093',
    'a:1, b:2,',
    '10.0.0.1:65535',
    '[::1]:9092',
    '[fe80::1%eth0]:9092',
    '::1',
    '',
  ];
  for (const brokers of good)
    test(`may be '${brokers}'`, () => {
      assert.doesNotThrow(() => {
        checkBrokers('-k', brokers);
      });
    });

  const wrong: [brokers: string, what: string, cause: string, remedy: string][] = [
    [
      'kafka://b:9092',
      '-k kafka://b:9092',
      "a broker's address has no scheme (kafka://)",
      'write b:9092',
    ],
    [
      'a:1,http://b:9092/',
      '-k http://b:9092/',
      "a broker's address has no scheme (http://)",
      'write b:9092',
    ],
    [
      'SASL_SSL://b:9093',
      '-k SASL_SSL://b:9093',
      "a broker's address has no scheme (SASL_SSL://)",
      'write b:9093 and -X security.protocol=SASL_SSL',
    ],
    ['b:port', '-k b:port', PORT, EXAMPLE],
    ['b:', '-k b:', PORT, EXAMPLE],
    ['b:0', '-k b:0', PORT, EXAMPLE],
    ['b:65536', '-k b:65536', PORT, EXAMPLE],
    ['a:1,b:9092/x', '-k b:9092/x', PORT, EXAMPLE],
    [':9092', '-k :9092', 'not of the form HOST:PORT', EXAMPLE],
    ['b:1:2', '-k b:1:2', PORT, EXAMPLE],
    [',', '-k', 'no broker in it', EXAMPLE],
  ];
  for (const [brokers, what, cause, remedy] of wrong)
    test(`can't be '${brokers}'`, () => {
      assert.throws(
        () => {
          checkBrokers('-k', brokers);
        },
        usageError(what, cause, remedy),
      );
    });

  test('is named as the user gave it', () => {
    assert.throws(
      () => {
        checkBrokers('-X bootstrap.servers', 'b:x');
      },
      usageError('-X bootstrap.servers: b:x', PORT, EXAMPLE),
    );
  });
});
