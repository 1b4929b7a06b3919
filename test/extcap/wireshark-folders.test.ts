import assert from 'node:assert/strict';
import { test } from 'node:test';

import { foldersIn } from '#kcap/extcap/wireshark-folders.js';

test('the folders are those that Wireshark 4.2 and later name', () => {
  assert.deepEqual(
    foldersIn(
      'Temp:                \t/tmp\n' +
        'Personal Extcap path:\t/home/anna/.local/lib/wireshark/extcap\n' +
        'Global Extcap path:  \t/usr/lib/x86_64-linux-gnu/wireshark/extcap\n',
    ),
    {
      personal: '/home/anna/.local/lib/wireshark/extcap',
      global: '/usr/lib/x86_64-linux-gnu/wireshark/extcap',
    },
  );
});

test('Wireshark 4.0 has a folder for everybody only', () => {
  assert.deepEqual(
    foldersIn('Temp:  \t/tmp\nExtcap path:         \t/usr/lib/x86_64-linux-gnu/wireshark/extcap\n'),
    { personal: undefined, global: '/usr/lib/x86_64-linux-gnu/wireshark/extcap' },
  );
});

test('a Wireshark without extcap names none', () => {
  assert.equal(foldersIn('Temp:\t/tmp\n'), undefined);
});
