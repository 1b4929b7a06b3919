import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { linkTypeName, parseLinkType } from '#kcap/capture/link-type.js';
import { usageError } from '#kcap/errors/user-error.js';

describe('a link type', () => {
  // Numbers of the tcpdump.org registry, which for RAW and others are not those of libpcap's own DLT_ constants.
  const cases: [text: string, linkType: number, name: string][] = [
    ['EN10MB', 1, 'EN10MB'],
    ['en10mb', 1, 'EN10MB'],
    ['LINUX_SLL', 113, 'LINUX_SLL'],
    ['LINUX_SLL2', 276, 'LINUX_SLL2'],
    ['IEEE802_11_RADIO', 127, 'IEEE802_11_RADIO'],
    ['RAW', 101, 'RAW'],
    ['PPP_SERIAL', 50, 'PPP_SERIAL'],
    ['PFSYNC', 246, 'PFSYNC'],
    ['NULL', 0, 'NULL'],
    ['0', 0, 'NULL'],
    ['1', 1, 'EN10MB'],
    ['001', 1, 'EN10MB'],
    ['101', 101, 'RAW'],
    ['60000', 60_000, '60000'],
    ['65535', 65_535, '65535'],
  ];
  for (const [text, linkType, name] of cases) {
    test(`${text} is ${linkType}, ${name}`, () => {
      assert.equal(parseLinkType(text), linkType);
      assert.equal(linkTypeName(linkType), name);
    });
  }

  for (const text of ['', 'EN10', 'DLT_EN10MB', '-1', '1.5', '0x1', '65536', '4294967297', '1 ']) {
    test(`is not '${text}'`, () => {
      assert.throws(
        () => parseLinkType(text),
        usageError(
          `-y ${text}`,
          'no such link type',
          'use a name such as EN10MB, LINUX_SLL or IEEE802_11_RADIO, or the number of a LINKTYPE_',
        ),
      );
    });
  }
});
