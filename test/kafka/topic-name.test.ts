import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { usageError } from '#kcap/errors/user-error.js';
import { checkTopicName } from '#kcap/kafka/topic-name.js';

const RULE = "Kafka allows letters (a-z, A-Z), digits, '.', '_' and '-', at most 249 of them";

describe('the name of a topic', () => {
  for (const name of ['pcap', 'a.b_c-D9', '...', '-', 'x'.repeat(249)])
    test(`may be ${name.slice(0, 20)}`, () => {
      assert.equal(checkTopicName('-t', name), name);
    });

  const wrong: [name: string, shown: string, cause: string][] = [
    ['pcap/eth0', 'pcap/eth0', "a topic name can't contain '/'"],
    ['two words', 'two words', "a topic name can't contain a space"],
    ['größe', 'größe', "a topic name can't contain 'ö'"],
    ['a,b', 'a,b', "a topic name can't contain ','"],
    ['.', '.', 'a topic name needs more than dots'],
    ['..', '..', 'a topic name needs more than dots'],
    ['x'.repeat(250), `${'x'.repeat(60)}…`, 'a topic name of 250 characters is too long'],
    ['', '', 'a topic name is missing'],
  ];
  for (const [name, shown, cause] of wrong)
    test(`can't be ${shown}: ${cause}`, () => {
      assert.throws(() => checkTopicName('-t', name), usageError(`-t ${shown}`, cause, RULE));
    });
});
