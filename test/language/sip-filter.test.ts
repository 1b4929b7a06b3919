import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { LanguageError } from '#kcap/language/language-error.js';
import { compileSipFilter } from '#kcap/language/sip-filter.js';
import { Passage } from '#kcap/protocols/passage.js';
import { SipMessage, Verdict } from '#kcap/protocols/sip/sip-message.js';

import { passageOf } from '../protocols/passages.js';
import { message } from '../protocols/sip/messages.js';

const sip = new SipMessage();

/** Also where the headers are read only once the filter needs them, after those of another message. */
async function matches(filter: string, bytes: Buffer, passage = new Passage()): Promise<boolean> {
  const test = await compileSipFilter(filter);
  assert.equal(sip.readDatagram(bytes, 0, bytes.length), Verdict.Sip);
  const matched = test(sip, passage);
  for (const other of [REQUEST, RESPONSE]) {
    sip.readDatagram(other, 0, other.length);
    assert.equal(sip.beginDatagram(bytes, 0, bytes.length), Verdict.Sip);
    assert.equal(test(sip, passage), matched, `${filter}, before the headers have been read`);
  }
  return matched;
}

/** A call as sip-capture's tests have it. */
const REQUEST = message(
  'INVITE sip:sip.provider.com SIP/2.0',
  [
    'Via:SIP/2.0/UDP 172.16.254.66:5060;branch=z9hG4bK3e5380d454981e88702eb2269669462;rport',
    'From:"Bob" <sip:bob@sip.provider.com>;tag=3718850509',
    'To:"Alice" <sip:alice@sip.provider.com>',
    'Call-ID:306366781@172_16_254_66',
    'CSeq:3 INVITE',
    'Max-Forwards:70',
    'Contact: <sip:bob@172.16.254.66:5060>',
    'User-Agent:C530 IP/42.245.00.000.000',
    'Subject:',
    'Content-Length:11',
  ],
  'Hello World',
);
const RESPONSE = message('SIP/2.0 200 OK', [
  'v:SIP/2.0/UDP 172.16.254.66:5060;received=8.8.8.8;rport=5060',
  'f:"Bob" <sip:bob@sip.provider.com>;tag=3718850509',
  't:"Alice" <sip:alice@sip.provider.com>;tag=02-32748-1417c4ac-24835dbf3',
  'i:306366781@172_16_254_66',
  'CSeq:3 REGISTER',
  'm: <sip:bob@172.16.254.66:5060>;expires=1800',
  'Content-Length:0',
]);

const COMPLEX = `(all request
	 (methods invite publish)
	 (not (body "don't capture"))
	 (any (to "alice@.*provider.com")
		  (hasheader "magic")
		  (message "secrets")))`;

/** sip-capture's own pairs (filters/compile_test.go). */
const SAME_AS_SIP_CAPTURE: [filter: string, bytes: Buffer, expected: boolean][] = [
  ['', REQUEST, true],
  ['response', RESPONSE, true],
  ['response', REQUEST, false],
  ['request', RESPONSE, false],
  ['request', REQUEST, true],
  ['(status 200)', RESPONSE, true],
  ['(status 403)', RESPONSE, false],
  ['(status 100 180 200)', RESPONSE, true],
  ['(status 200)', REQUEST, false],
  ['(body "(?i:world)")', REQUEST, true],
  ['(methods invite)', REQUEST, true],
  ['(methods options)', REQUEST, false],
  ['(methods options invite)', REQUEST, true],
  ['(methods options "invite")', REQUEST, true],
  ['(hasheader "Via")', REQUEST, true],
  ['(hasheader "Not-There")', REQUEST, false],
  ['(to "alice")', REQUEST, true],
  ['(to "luigi")', REQUEST, false],
  ['(from "bob")', REQUEST, true],
  ['(from "luigi")', REQUEST, false],
  ['(header "Contact" "bob")', REQUEST, true],
  ['(header "Contact" "alice")', REQUEST, false],
  ['(message "@172.*6{2,3}")', REQUEST, true],
  ['(message "shazam")', REQUEST, false],
  ['(not request)', RESPONSE, true],
  ['(not response)', RESPONSE, false],
  ['(any request (hasheader "magic"))', REQUEST, true],
  ['(any request (status 200))', RESPONSE, true],
  ['(any request (hasheader "magic"))', RESPONSE, false],
  ['(all response (status 200))', REQUEST, false],
  ['(all request (hasheader "magic"))', REQUEST, false],
  ['(all response (status 200))', RESPONSE, true],
  [COMPLEX, REQUEST, true],
  // And those of its documentation.
  ['(status 100 180 183 200)', RESPONSE, true],
  ['(hasheader "diversion")', REQUEST, false],
  ['(not (status 200))', REQUEST, true],
  ['(all (method invite) (status 200))', RESPONSE, false],
  ['(all (method register) (status 200))', RESPONSE, true],
  [
    '(all (to "alice@sip.provider.com") (method invite bye) (any request (status 200)))',
    REQUEST,
    true,
  ],
  [
    '(all request (method invite publish) (not (body "don\'t capture")) (any (header "contact" "alice@.*provider.com") (hasheader "magic") (message "secrets")))',
    REQUEST,
    false,
  ],
];

describe("sip-capture's filters mean the same", () => {
  for (const [filter, bytes, expected] of SAME_AS_SIP_CAPTURE)
    test(`${filter || 'an empty text'} ${expected ? 'matches' : 'does not match'} a ${bytes === REQUEST ? 'request' : 'response'}`, async () => {
      assert.equal(await matches(filter, bytes), expected);
    });
});

describe('a filter', () => {
  const cases: [what: string, filter: string, request: boolean, response: boolean][] = [
    ['nothing but white space and comments', ' \n ; (status 1\n\t', true, true],
    ['comments to the end of the line', '(any ; one of\n request ; ) this\n)', true, false],
    ['methods in any case', '(method Invite REGISTER)', true, true],
    ['names of headers in any case', '(header cAlL-Id "^306366781")', true, true],
    [
      'compact names for long ones',
      '(all (hasheader v) (hasheader m) (header i "172_16"))',
      true,
      true,
    ],
    [
      'long names for compact ones',
      '(all (hasheader via) (hasheader contact) (hasheader to))',
      true,
      true,
    ],
    ['headers that are empty', '(hasheader subject)', false, false],
    [
      'headers that are empty, under their compact name',
      '(any (hasheader s) (hasheader "User-Agent"))',
      true,
      false,
    ],
    ['bare words', '(all (from bob) (to alice@sip.provider.com))', true, true],
    ['anchors', '(all (from "^.Bob") (to "com>$"))', true, false],
    ['what begins with a literal', '(header call-id "^306366781@172")', true, true],
    ['what ends with a literal', '(to "provider.com>$")', true, false],
    ['a whole literal', '(header call-id "^306366781@172_16_254_66$")', true, true],
    [
      'a literal with what must be escaped',
      '(header contact "172\\.16\\.254\\.66:5060>")',
      true,
      true,
    ],
    ['a literal that ends in a backslash and a dollar', '(to "\\$")', false, false],
    ['the request URI', '(uri "^sip:sip\\.provider")', true, false],
    ['Call-IDs', '(callid x 306366781@172_16_254_66)', true, true],
    ['Call-IDs as a whole', '(callid 306366781@172_16_254_6)', false, false],
    ['User-Agent', '(user-agent "C\\d+ IP")', true, false],
    ['the first line as one of the headers', '(message "^(INVITE|SIP/2\\.0 200)")', true, true],
    ['headers and body apart', '(message "(?s)Content-Length.*Hello")', false, false],
    ['an empty body', '(body "^$")', false, true],
    ['deep nesting', `${'(not '.repeat(100)}request${')'.repeat(100)}`, true, false],
  ];
  for (const [what, filter, request, response] of cases)
    test(`knows ${what}`, async () => {
      assert.deepEqual(
        [await matches(filter, REQUEST), await matches(filter, RESPONSE)],
        [request, response],
      );
    });

  test('tries each of repeated headers', async () => {
    const bytes = message('BYE sip:a SIP/2.0', [
      'f: <sip:one>',
      'Via: a',
      'From: <sip:two>',
      'v: b',
      'i: x',
    ]);
    for (const filter of ['(from one)', '(from two)', '(header via "^a$")', '(header v "^b$")'])
      assert.equal(await matches(filter, bytes), true, filter);
    assert.equal(await matches('(from three)', bytes), false);
  });

  test('sees a folded value as one line', async () => {
    const bytes = message('BYE sip:a SIP/2.0', [
      'From: "A\r\n  B"\r\n\t<sip:c>',
      'Subject: x\r\n y',
    ]);
    for (const filter of [
      '(from "A B")',
      '(from "^\\"?A B.* <sip")',
      '(from "B. <sip:c>$")',
      '(header s "^x y$")',
    ])
      assert.equal(await matches(filter.replace('\\"?', '.'), bytes), true, filter);
  });

  test('knows addresses, ports and transports', async () => {
    const v4 = passageOf('192.0.2.17', '198.51.100.2', { transport: 'tcp' });
    const v6 = passageOf('2001:db8:0:0:0:0:0:1', '2001:db8:1:0:0:0:0:2');
    const cases: [filter: string, passage: Passage, expected: boolean][] = [
      ['(src 192.0.2.17)', v4, true],
      ['(src 192.0.2.16/28)', v4, true],
      ['(src 192.0.2.0/28)', v4, false],
      ['(src 10.0.0.0/8 192.0.2.16/31)', v4, true],
      ['(src 0.0.0.0/0)', v4, true],
      ['(src 0.0.0.0/0)', v6, false],
      ['(src ::/0)', v6, true],
      ['(src "2001:db8::1")', v6, true],
      ['(src 2001:db8::/47)', v6, true],
      ['(dst 2001:db8::/48)', v6, false],
      ['(dst 2001:db8::/47)', v6, true],
      ['(dst 198.51.100.0/24)', v4, true],
      ['(dst 192.0.2.17)', v4, false],
      ['(port 5060)', v4, true],
      ['(port 1 5080)', v4, true],
      ['(port 5061)', v4, false],
      ['(transport tcp)', v4, true],
      ['(transport UDP ws)', v4, false],
      ['(transport udp)', v6, true],
    ];
    for (const [filter, passage, expected] of cases)
      assert.equal(await matches(filter, REQUEST, passage), expected, filter);
  });

  test('takes bytes that are no UTF-8', async () => {
    const bytes = Buffer.concat([
      message('BYE sip:a SIP/2.0', ['Subject: caf\u00e9 \u00ff', 'i: 1']),
    ]);
    const latin = Buffer.from(bytes.toString(), 'latin1');
    assert.equal(await matches('(header subject "caf\u00e9")', bytes), true);
    assert.equal(await matches('(header subject "caf\u00e9")', latin), false);
    assert.equal(await matches('(header subject "caf. .$")', latin), true);
    assert.equal(await matches('(header subject "\ufffd$")', latin), true);
  });

  test('looks for headers in those of this message alone', async () => {
    const bytes = message('BYE sip:a SIP/2.0', ['i: 1'], 'Magic: x\r\n\r\n');
    assert.equal(await matches('(hasheader magic)', bytes), false);
    assert.equal(await matches('(body "^Magic: x")', bytes), true);
  });

  test('takes linear time with expressions that explode elsewhere', async () => {
    const bytes = message('BYE sip:a SIP/2.0', ['i: 1'], `${'x'.repeat(60_000)}!`);
    const began = performance.now();
    for (const filter of [
      '(body "(x+x+)+y")',
      '(body "(x*)*$y")',
      '(body "(x|xx)+y")',
      '(body "(.*)(.*)(.*)z$")',
    ])
      assert.equal(await matches(filter, bytes), false);
    assert.ok(performance.now() - began < 5000);
  });
});

describe('an error names the place and what was expected', () => {
  const cases: [filter: string, line: number, column: number, message: string][] = [
    ['()', 1, 2, 'expected the name of a test after (, found (): such as (status 200)'],
    ['metod', 1, 1, 'there is no test metod: did you mean method?'],
    ['(metod invite)', 1, 2, 'there is no test metod: did you mean method?'],
    [
      'constructor',
      1,
      1,
      'there is no test constructor: expected one of request, response, status, method, methods, hasheader, header, to, from, user-agent, uri, callid, body, message, src, dst, port, transport, all, any, not',
    ],
    [
      'response request',
      1,
      10,
      'expected the end of the filter after the first expression; combine several with (all ...) or (any ...)',
    ],
    ['(not ())', 1, 7, 'expected the name of a test after (, found (): such as (status 200)'],
    ['(methods 100 200', 1, 1, 'expected ) for this ('],
    [')', 1, 1, 'unexpected ): no ( is open'],
    ['(to "blah)', 1, 5, 'expected a closing " for this one'],
    ['(request blah)', 1, 10, 'request takes nothing and no more, found blah'],
    ['(100)', 1, 2, 'expected a test, such as (status 100), not a number'],
    ['"request"', 1, 1, 'expected a test, such as request or (status 200), not a string'],
    ['(("to" x))', 1, 2, 'expected the name of a test after (: such as (status 200)'],
    ['body', 1, 5, 'body needs a regular expression: expected it here'],
    ['(body "foo" "bar")', 1, 13, 'body takes a regular expression and no more, found "bar"'],
    ['(body "[")', 1, 7, 'not a regular expression: missing closing ]: `[`'],
    [
      '(body "(?=x)y")',
      1,
      7,
      'not a regular expression: invalid or unsupported Perl syntax: `(?=`',
    ],
    ['(body (x))', 1, 7, 'expected a regular expression, found a list'],
    ['(to ^sip)', 1, 5, 'expected a regular expression: put "^sip" in double quotes'],
    ['(not)', 1, 5, 'not needs a test: expected it here'],
    ['(not request response)', 1, 14, 'not takes a test and no more, found response'],
    ['(not 100)', 1, 6, 'expected a test, such as (status 100), not a number'],
    ['(any)', 1, 5, 'any needs an argument: expected a test'],
    [
      '(all request\n     (status 200\n             ringing))',
      3,
      14,
      'expected a status code, such as 200, found ringing',
    ],
    ['(status)', 1, 8, 'status needs an argument: expected a status code, such as 200'],
    ['(status "200")', 1, 9, 'expected a status code, such as 200, found "200"'],
    ['(methods 100)', 1, 10, 'expected a method, such as invite, found 100'],
    ['(method "in vite")', 1, 9, 'expected a method, such as invite, found "in vite"'],
    ['(method)', 1, 8, 'method needs an argument: expected a method, such as invite'],
    [
      '(hasheader "foo" "bar")',
      1,
      18,
      'hasheader takes the name of a header and no more, found "bar"',
    ],
    ['(hasheader "a b")', 1, 12, 'expected the name of a header, found "a b"'],
    [
      '(header "foo")',
      1,
      14,
      'header needs the name of a header, and a regular expression: expected it here',
    ],
    [
      '(src 192.0.2.0/33)',
      1,
      6,
      'expected an address or a range of them, such as 192.0.2.0/24, found 192.0.2.0/33',
    ],
    [
      '(dst host)',
      1,
      6,
      'expected an address or a range of them, such as 192.0.2.0/24, found host',
    ],
    ['(port 70000)', 1, 7, 'expected a port up to 65535, found 70000'],
    ['(port sip)', 1, 7, 'expected a port, such as 5060, found sip'],
    ['(transport udp quic)', 1, 16, 'expected one of udp, tcp, ws, sctp, tls, found quic'],
    ['('.repeat(201), 1, 201, 'more than 200 parentheses are open'],
  ];
  for (const [filter, line, column, expected] of cases)
    test(filter.slice(0, 60), async () => {
      await assert.rejects(compileSipFilter(filter), (error) => {
        assert.ok(error instanceof LanguageError);
        assert.deepEqual([error.message, error.line, error.column], [expected, line, column]);
        return true;
      });
    });

  test('and marks it', async () => {
    const error = await compileSipFilter('(all request\n\t(status ok))').catch(
      (error: unknown) => error,
    );
    assert.ok(error instanceof LanguageError);
    assert.equal(error.marked, '   (status ok))\n           ^');
    const shown = error.asUsageError('--sip-filter');
    assert.equal(
      shown.message,
      '--sip-filter: line 2, column 10: expected a status code, such as 200, found ok',
    );
    assert.equal(shown.remedy, error.marked);
    assert.equal(shown.exitStatus, 2);
  });

  test('and shows only the part of a long line around it', async () => {
    const filter = `(any ${'request '.repeat(100)} oops ${'request '.repeat(100)})`;
    const error = await compileSipFilter(filter).catch((error: unknown) => error);
    assert.ok(error instanceof LanguageError);
    const [shown = '', mark = ''] = error.marked.split('\n');
    assert.ok(shown.length <= 80);
    assert.equal(shown.slice(mark.length - 1, mark.length + 3), 'oops');
  });
});
