import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { REBUILD, requireFeatures } from '#kcap/kafka/build-features.js';
import { UserError } from '#kcap/errors/user-error.js';

const ALL = ['ssl', 'sasl_gssapi', 'sasl_plain', 'sasl_scram', 'sasl_oauthbearer'];

describe('what librdkafka was built without', () => {
  const wanted: [properties: [string, string][], feature: string, what: string][] = [
    [[['security.protocol', 'SASL_PLAINTEXT']], 'sasl_gssapi', 'Kerberos (GSSAPI)'],
    [
      [
        ['security.protocol', 'sasl_ssl'],
        ['sasl.mechanism', 'SCRAM-SHA-512'],
      ],
      'sasl_scram',
      'SCRAM',
    ],
    [
      [
        ['security.protocol', 'sasl_ssl'],
        ['sasl.mechanisms', 'OAUTHBEARER'],
      ],
      'sasl_oauthbearer',
      'OAUTHBEARER',
    ],
  ];
  for (const [properties, feature, what] of wanted)
    test(`is said before connecting: ${what}`, () => {
      requireFeatures(new Map(properties), ALL);
      assert.throws(
        () => {
          requireFeatures(
            new Map(properties),
            ALL.filter((name) => name !== feature),
          );
        },
        new UserError(what, 'librdkafka was built without it', { remedy: REBUILD }),
      );
    });

  test('is of no matter to who wants none of it', () => {
    requireFeatures(new Map(), []);
    // The mechanism counts only where there is SASL.
    requireFeatures(new Map([['sasl.mechanism', 'GSSAPI']]), []);
    requireFeatures(
      new Map([
        ['security.protocol', 'SASL_SSL'],
        ['sasl.mechanism', 'GSSAPI'],
        ['sasl.mechanisms', 'PLAIN'],
      ]),
      [],
    );
  });
});
