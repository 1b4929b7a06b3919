import assert from 'node:assert/strict';
import { test } from 'node:test';

import { propertiesFile } from '#kcap/commands/extcap-settings.js';

const RECENT = { brokers: 'b:1', topic: 'pcap', propertiesFile: '/home/anna/kafka.properties' };

const CASES: readonly [what: string, given: string | undefined, expected: string | undefined][] = [
  ['the one of the last read where Wireshark passes none', undefined, RECENT.propertiesFile],
  ['another one that was chosen', '/other', '/other'],
  ['none where the field was emptied', '', undefined],
];

for (const [what, given, expected] of CASES)
  test(`the properties file is ${what}`, () => {
    assert.equal(propertiesFile({ 'properties-file': given }, RECENT), expected);
  });
