import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';

import { compileCapturePlan, isCapturePlan } from '#kcap/language/capture-plan.js';
import { LanguageError } from '#kcap/language/language-error.js';
import { SipMessage, Verdict } from '#kcap/protocols/sip/sip-message.js';

import { passageOf } from '../protocols/passages.js';
import { INVITE, message, RINGING } from '../protocols/sip/messages.js';
import { repository } from '../support/repository.js';

const PASSAGE = passageOf('2001:db8:0:0:0:0:0:1', '2001:db8:0:0:0:0:0:7');
const OPTIONS = message('OPTIONS sip:bob@biloxi.example.com SIP/2.0', [
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1',
  'From: <sip:+4930123@atlanta.example.com>;tag=1',
  'To: sip:bob@biloxi.example.com',
  'Call-ID: 1',
  'CSeq: 1 OPTIONS',
  'X-Serialnumber: 000413924E28-7',
  'Content-Length: 0',
]);

const sip = new SipMessage();

/** Where only the first line has been read, as of a datagram that a filter is asked about. */
async function sends(plan: string, bytes: Buffer): Promise<boolean> {
  const test = await compileCapturePlan(plan);
  assert.equal(sip.beginDatagram(bytes, 0, bytes.length), Verdict.Sip);
  return test(sip, PASSAGE);
}

describe("captagent's own plan", () => {
  for (const [what, bytes, expected] of [
    ['sends a call', INVITE, true],
    ['sends a response', RINGING, true],
    ['drops what it does not want', OPTIONS, false],
  ] as const)
    test(what, async () => {
      const plan = await readFile(`${repository}examples/plans/sip_capture_plan.cfg`, 'utf8');
      assert(isCapturePlan(plan));
      assert.equal(await sends(plan, bytes), expected);
    });
});

describe('a plan', () => {
  const SEND = 'send_hep("h");';
  for (const [statements, expected] of [
    [SEND, true],
    [`drop; ${SEND}`, false],
    [`${SEND} drop;`, true],
    [`if(0) { ${SEND} }`, false],
    [`if(1) ${SEND}`, true],
    [`if(0) ; else ${SEND}`, undefined],
    [`if(0) { drop; } else { ${SEND} }`, true],
    [`if(0) { } else if(1) { ${SEND} } else { drop; }`, true],
    [`if(!1 || 1 && 0) { ${SEND} }`, false],
    [`if(1 || 0 && 0) { ${SEND} }`, true],
    [`if(not 1 or 1 and (0 or 1)) { ${SEND} }`, true],
    [`if(!(1 & 0) | 0) { ${SEND} }`, true],
    ['if(!send_hep("h")) { clog("ERROR", "x"); }', true],
    ['if(send_json("j")) { drop(); }', true],
    [`if(1) { drop; } # not this: }\n /* nor { \n this */ ${SEND}`, false],
    [`if(1) { break; } ${SEND}`, false],
  ] as const)
    test(`that does ${JSON.stringify(statements)}`, async () => {
      const plan = `capture { ${statements} }`;
      if (expected === undefined) await assert.rejects(sends(plan, INVITE), LanguageError);
      else assert.equal(await sends(plan, INVITE), expected);
    });
});

describe('a function', () => {
  for (const [condition, bytes, expected] of [
    ['msg_check("size", "100")', INVITE, true],
    ['msg_check("size", "100000")', INVITE, false],
    ['msg_check("src_ip", "2001:db8::1")', INVITE, true],
    ['msg_check("source_ip", "2001:db9")', INVITE, false],
    ['msg_check("dst_ip", "2001:db8::")', INVITE, true],
    ['msg_check("destination_ip", "2001:db8::1")', INVITE, false],
    ['msg_check("any_ip", "2001:db8::7")', INVITE, true],
    ['msg_check("any_ip", "2001:db8::7:1")', INVITE, false],
    ['msg_check("src_port", "5060")', INVITE, true],
    ['msg_check("src_port_gt", "5060")', INVITE, true],
    ['msg_check("src_port_lt", "5059")', INVITE, false],
    ['msg_check("dst_port", "5080")', INVITE, true],
    ['msg_check("dst_port_gt", "5081")', INVITE, false],
    ['msg_check("dst_port_lt", "5080")', INVITE, true],
    ['sip_is_method()', INVITE, true],
    ['sip_is_method()', RINGING, false],
    ['sip_has_sdp()', INVITE, true],
    ['sip_has_sdp()', OPTIONS, false],
    ['sip_check("method", "INV")', INVITE, true],
    ['sip_check("method", "invite")', INVITE, false],
    ['sip_check("method", "INVITE")', RINGING, false],
    ['sip_check("rmethod", "INVITE")', RINGING, true],
    ['sip_check("response", "180")', RINGING, true],
    ['sip_check("response", "180")', INVITE, false],
    ['sip_check("response_gt", "180")', RINGING, true],
    ['sip_check("response_gt", "181")', RINGING, false],
    ['sip_check("response_lt", "179")', RINGING, false],
    ['sip_check("from_user_prefix", "+4930")', OPTIONS, true],
    ['sip_check("from_user_suffix", "4930")', OPTIONS, false],
    ['sip_check("to_user_prefix", "bo")', OPTIONS, true],
    ['sip_check("to_user_suffix", "ob")', OPTIONS, true],
    ['sip_check("user_agent_prefix", "Softphone")', INVITE, true],
    ['sip_check("user_agent_suffix", "Beta1.5")', INVITE, true],
    ['sip_check("user_agent_prefix", "Softphone")', OPTIONS, false],
    ['header_check("User-Agent", "Softphone")', INVITE, true],
    ['header_check("useragent", "Beta")', INVITE, false],
    ["header_check('x-serialnumber', '000413924E28')", OPTIONS, true],
    ['method == "INVITE"', INVITE, true],
    ['method == INV', INVITE, false],
    ['method =~ "^(INVITE|BYE)$"', INVITE, true],
    ['method =~ INV', RINGING, false],
    ['parse_full_sip() && light_parse_sip() && check_rtcp_ipport()', INVITE, true],
  ] as const)
    test(`${condition} is ${expected} of ${bytes.toString('latin1', 0, 12)}`, async () => {
      assert.equal(
        await sends(`capture[pcap] { if(${condition}) { send_hep("h"); } }`, bytes),
        expected,
      );
    });
});

describe('an error names the place and what was expected', () => {
  for (const [plan, line, column, message] of [
    ['', 1, 1, /a plan begins with capture/],
    ['capture[pcap] {\n  parse_spi();\n}', 2, 3, /no function parse_spi: did you mean parse_sip\?/],
    ['capture[pcap] {\n  send_hep("a")\n}', 3, 1, /expected ; after send_hep/],
    ['capture[pcap] {\n  if(parse_sip() {\n', 2, 5, /expected \) for this \(/],
    ['capture[pcap] {\n  send_hep("a");\n', 1, 15, /expected } for this {/],
    ['capture[pcap] { send_hep("a); }', 1, 26, /expected a closing " for this one/],
    ['capture { /* }', 1, 11, /expected \*\/ for this comment/],
    ['capture { send_hep(a); }', 1, 20, /expected a text in quotes, found a/],
    ['capture { send_hep(); }', 1, 20, /send_hep takes a text, found 0/],
    ['capture { clog("a", "b", "c"); }', 1, 26, /clog takes two texts, found 3/],
    ['capture { parse_sip("a"); }', 1, 21, /parse_sip takes nothing, found 1/],
    ['capture { if(msg_check("sise", "1")) drop; }', 1, 24, /knows no "sise": did you mean size\?/],
    ['capture { if(msg_check("size", "a lot")) drop; }', 1, 32, /expected a number, found "a lot"/],
    ['capture { if(method INVITE) drop; }', 1, 21, /expected == or =~ after method/],
    ['capture { if(method =~ "(") drop; }', 1, 24, /not a regular expression/],
    ['capture { parse_sip(); }', 1, 1, /sends nothing/],
    ['capture { send_hep("a"); send_json("b"); }', 1, 36, /one place: found "b" besides "a"/],
    ['capture { send_hep("a"); } capture { drop; }', 1, 28, /a second plan/],
    ['capture { send_hep("a"); } x', 1, 28, /expected the end of the plan, found x/],
    ['capture { if(is_rtcp()) drop; }', 1, 14, /is_rtcp: reporters for HEP 3 send RTCP/],
    ['capture { set_tag("a", "b"); }', 1, 11, /use the processor label/],
    ['capture { % }', 1, 11, /unexpected %/],
    [`capture { ${'if(1) '.repeat(200)}drop; }`, 1, 602, /more than 100 levels deep/],
    [`capture { if(${'!'.repeat(200)}1) drop; }`, 1, 112, /more than 100 levels deep/],
  ] as const)
    test(plan.slice(0, 60).replaceAll('\n', ' '), async () => {
      await assert.rejects(compileCapturePlan(plan), (error) => {
        assert(error instanceof LanguageError, String(error));
        assert.match(error.message, message);
        assert.deepEqual([error.line, error.column], [line, column], error.message);
        return true;
      });
    });
});

test('what does not begin as a plan is none', () => {
  const texts = ['# capture\n/* c */ capture[pcap] {', 'root:x:0:0', '# capture', 'captures {'];
  assert.deepEqual(texts.map(isCapturePlan), [true, false, false, false]);
});

test('nor what has as many blanks and comments as there may be', () => {
  for (const blanks of [' ', '\n', '#\n', '/**/', ' # \n', '/* */ ', '/*'])
    assert.equal(isCapturePlan(`${blanks.repeat(50_000)}<xml>`), false);
});

test('takes as many conditions in a row as there may be', async () => {
  for (const [operator, none] of [
    ['||', '0'],
    ['&&', '1'],
  ] as const) {
    const row = `${none}${operator}`.repeat(50_000);
    for (const last of ['0', '1'])
      assert.equal(
        await sends(`capture { if(${row}${last}) send_hep("h"); }`, OPTIONS),
        last === '1',
      );
  }
});
