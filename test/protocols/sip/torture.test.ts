import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { SipMessage, Verdict } from '#kcap/protocols/sip/sip-message.js';

import { bytesOf, INVALID, UNUSUAL, VALID } from './torture.js';

const sip = new SipMessage();

function read(bytes: Buffer): Verdict {
  return sip.readDatagram(bytes, 0, bytes.length);
}

describe('messages of RFC 4475', () => {
  test('are all here', () => {
    assert.deepEqual([VALID.length, INVALID.length, UNUSUAL.length], [13, 19, 17]);
  });

  for (const torture of [...VALID, ...INVALID, ...UNUSUAL]) {
    const { section, name, isMalformed = false } = torture;
    test(`${section} ${name} ${isMalformed ? 'is malformed' : 'is read'}`, () => {
      const bytes = bytesOf(torture);
      assert.equal(read(bytes), isMalformed ? Verdict.Malformed : Verdict.Sip);
      if (isMalformed) return;
      assert.equal(sip.end, bytes.length);
      // Each names itself in its Call-ID, but for two.
      if (!['insuf', 'mpart01'].includes(name)) assert.ok(sip.text(sip.callId).startsWith(name));
    });
  }

  test('3.1.1.1 has white space everywhere', () => {
    read(bytesNamed('wsinv'));
    assert.equal(sip.uriText(sip.to), 'sip:vivekg@chair-dnrc.example.com');
    assert.equal(sip.uriText(sip.from), 'sip:jdrosen@example.com');
    assert.equal(
      sip.text(sip.from),
      '"J Rosenberg \\\\\\""       <sip:jdrosen@example.com> ; tag = 98asjd8',
    );
    assert.equal(sip.text(sip.cseqMethod), 'INVITE');
    assert.equal(sip.contentLength, 150);
    assert.equal(sip.viaCount, 2);
    assert.equal(
      sip.viaText(),
      'SIP  /   2.0 /UDP 192.0.2.2;branch=390skdjuw,' +
        'SIP  / 2.0  / TCP     spindle.example.com   ; branch  =   z9hG4bK9ikj8  ,' +
        ' SIP  /    2.0   / UDP  192.168.255.111   ; branch= z9hG4bK30239',
    );
  });

  test('3.1.1.2 has every character that a method, a URI and a Call-ID may have', () => {
    read(bytesNamed('intmeth'));
    assert.equal(sip.text(sip.method), "!interesting-Method0123456789_*+`.%indeed'~");
    assert.equal(sip.text(sip.callId), 'intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{');
    assert.equal(
      sip.uriText(sip.to),
      "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com",
    );
    assert.equal(sip.uriText(sip.from), 'sip:mundane@example.com');
  });

  test('3.1.1.5 has a header whose name is not that of Contact, and a method that is none', () => {
    read(bytesNamed('esc02'));
    assert.equal(sip.text(sip.method), 'RE%47IST%45R');
  });

  test('3.1.1.7 has 34 Via', () => {
    read(bytesNamed('longreq'));
    assert.equal(sip.viaCount, 34);
    assert.equal(sip.viaText().split(',').length, 34);
  });

  test('3.1.1.12 and 13 have an unusual reason, and none', () => {
    read(bytesNamed('unreason'));
    assert.match(sip.text(sip.reason), /^= 2\*\*3 \* 5\*\*2 но /);
    read(bytesNamed('noreason'));
    assert.equal(sip.status, 100);
    assert.equal(sip.text(sip.reason), '');
  });

  test('3.1.2 has faults that are overlooked', () => {
    read(bytesNamed('quotbal'));
    assert.equal(sip.uriText(sip.to), 'sip:j.user@example.com');
    read(bytesNamed('ltgtruri'));
    assert.equal(sip.text(sip.uri), 'sip:user@example.com');
    read(bytesNamed('lwsruri'));
    assert.equal(sip.text(sip.uri), 'sip:user@example.com; lr');
    read(bytesNamed('lwsstart'));
    assert.equal(sip.text(sip.uri), 'sip:user@example.com');
    read(bytesNamed('badaspec'));
    assert.equal(sip.uriText(sip.to), 'sip:t.watson@example.org');
  });

  test('3.3.8 has several values where one is allowed: the first ones are taken', () => {
    read(bytesNamed('multi01'));
    assert.equal(sip.text(sip.callId), 'multi01.98asdh@192.0.2.1');
    assert.equal(sip.uriText(sip.from), 'sip:caller@example.com');
    assert.equal(sip.uriText(sip.to), 'sip:user@example.com');
  });
});

function bytesNamed(name: string): Buffer {
  const found = [...VALID, ...INVALID, ...UNUSUAL].find((message) => message.name === name);
  assert.ok(found);
  return bytesOf(found);
}
