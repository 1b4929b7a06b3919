import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  LARGEST_MESSAGE,
  translateMessage,
  type MessageContext,
} from '#kcap/agent/triggers/capture-message.js';

import { CONTEXT, message, PRINTED } from './messages.js';

async function refusals(text: string, context: MessageContext = CONTEXT): Promise<string[]> {
  const { requests, refusals } = await translateMessage(text, context);
  assert.deepEqual(requests, []);
  return [...refusals];
}

async function captures(text: string, context: MessageContext = CONTEXT) {
  const { requests, refusals } = await translateMessage(text, context);
  assert.deepEqual(refusals, []);
  return requests;
}

test("refuses pcapdaemon's message as it is printed, and names both pairs and the filter", async () => {
  assert.deepEqual(await refusals(PRINTED), [
    'node and nodere: both are set, use one; interface and alias: both are set, use one; ' +
      "bpf: 'dst ip 10.0.0.1': can't parse filter expression: syntax error",
  ]);
});

test('takes the same message with one of each pair, and a filter', async () => {
  const printed = JSON.parse(PRINTED) as Record<string, unknown>;
  const one = { node: '', nodere: '^fw-\\d', alias: [] };
  const corrected = { ...printed, ...one, bpf: 'ip dst 10.0.0.1' };
  const [first, second, ...others] = await captures(JSON.stringify(corrected));
  assert.deepEqual(others, []);
  assert.equal(second?.interface, 'bond2');
  assert.deepEqual(first, {
    interface: 'bond1',
    filter: 'ip dst 10.0.0.1',
    snapLength: 1500,
    limits: { packets: 50, bytes: 1000, durationMs: 60_000, idleMs: 15_000 },
    tags:
      'customer:importantcustomer,alertid:655443,blah,tagme,stuff,' +
      'node:fw-1.fra,interface:bond1,snaplength:1500',
    s3: {
      bucket: 'mybucket',
      folder: 'myfolder',
      region: 'us-east-1',
      endpoint: 's3.amazonaws.com',
      acl: 'public-read',
    },
    logsPackets: false,
  });
});

test('fills in what a message leaves out', async () => {
  const [request] = await captures(message());
  assert.deepEqual(request, {
    interface: 'eth0',
    filter: '',
    snapLength: 500,
    limits: { packets: 50_000, bytes: 100_000_000, durationMs: 3_600_000, idleMs: 10_000 },
    tags: 'node:fw-1.fra,interface:eth0,snaplength:500',
    s3: {},
    logsPackets: false,
  });
});

test('takes null, 0, false, "" and [] for nothing, and names in any case', async () => {
  const nothing = { nodere: null, alias: [], bpf: '', packets: 0, timeout: null, Snap: 0, acl: '' };
  const [request] = await captures(message({ ...nothing, packetdebug: false, SNAP: 96 }));
  assert.equal(request?.snapLength, 96);
  assert.equal(request.limits.packets, 50_000);
});

for (const [field, asked, bound] of [
  ['packets', 50_001, 'maxpackets (50000)'],
  ['bytes', 100_000_001, 'maxbytes (100000000)'],
  ['duration', 3601, 'maxduration (3600)'],
  ['timeout', 3601, 'maxtimeout (3600)'],
  ['snap', 262_145, '262144'],
] as const) {
  test(`names field and bound where ${field} is above it`, async () => {
    assert.deepEqual(await refusals(message({ [field]: asked })), [
      `${field}: ${asked} is above ${bound}`,
    ]);
    assert.equal((await captures(message({ [field]: asked - 1 }))).length, 1);
  });
  for (const wrong of [-1, 1.5, '7', [7], 2 ** 53, true])
    test(`refuses ${JSON.stringify(wrong)} as ${field}`, async () => {
      const [refusal = ''] = await refusals(message({ [field]: wrong }));
      assert.match(refusal, new RegExp(`^${field}: (not a whole number|less than 0)$`));
    });
}

const nodes: [Record<string, unknown>, boolean][] = [
  [{ node: 'fw-1.fra' }, true],
  [{ node: 'any' }, true],
  [{ node: 'fw-1' }, false],
  [{ node: 'FW-1.FRA' }, false],
  [{ node: '*' }, false],
  [{ nodere: 'w-' }, true],
  [{ nodere: '^fw-[0-9]+\\.fra$' }, true],
  [{ nodere: '^w-' }, false],
  [{ nodere: '(?i)FRA' }, true],
];
for (const [node, isOurs] of nodes)
  test(`${JSON.stringify(node)} is for ${isOurs ? 'this host' : 'others'}`, async () => {
    // What others are asked for is none of this host's business.
    const text = message({ node: undefined, ...node, packets: isOurs ? 1 : -1 });
    const translated = await translateMessage(text, CONTEXT);
    assert.equal(translated.requests.length, isOurs ? 1 : 0);
    assert.equal(translated.forOthers, isOurs ? 0 : 1);
    assert.deepEqual(translated.refusals, []);
  });

for (const [changes, refusal] of [
  [{ node: '' }, 'node and nodere: neither is set, use one'],
  [{ nodere: 'x' }, 'node and nodere: both are set, use one'],
  [{ node: '', nodere: '(' }, 'nodere: missing closing ): `(`'],
  [{ node: '', nodere: '(?=x)' }, 'nodere: invalid or unsupported Perl syntax: `(?=`'],
  [{ node: 7 }, 'node: not a text'],
  [{ interface: [] }, 'interface and alias: neither is set, use one'],
  [{ alias: ['main'] }, 'interface and alias: both are set, use one'],
  [{ interface: 'eth0' }, 'interface: not a list of names'],
  [{ interface: [''] }, 'interface: not a list of names'],
  [{ interface: ['../eth0'] }, 'interface: not a list of names'],
  [
    { interface: undefined, alias: ['wan'] },
    "alias: this host has no 'wan' (there are main, public, local)",
  ],
  [{ bpf: 'udp port' }, "bpf: 'udp port': can't parse filter expression: syntax error"],
  // What takes libpcap seconds is not begun.
  [{ bpf: `port 1${' or port 2'.repeat(300)}` }, 'bpf: longer than 1000 characters'],
  [{ encryption: 'yes' }, 'encryption: not true or false'],
  [{ acl: 'everybody' }, /^acl: none of private, /],
  [{ region: 'evil.example/' }, 'region: not the name of a region, such as us-east-1'],
  [{ bucket: 'a/../b' }, /^bucket: not the name of a bucket/],
  [{ folder: '../other' }, "folder: names between slashes may not be empty, '.' or '..'"],
  [{ folder: 'a//b' }, "folder: names between slashes may not be empty, '.' or '..'"],
  [{ folder: 'a\\..\\b' }, 'folder: control characters and backslashes are not allowed'],
  [{ endpoint: 'http://user:x@host' }, /^endpoint: not HOST/],
  [{ endpoint: 'host/path' }, /^endpoint: not HOST/],
  [{ endpoint: 'file:///etc/passwd' }, /^endpoint: not HOST/],
  [{ tags: 'a\r\nb: c' }, 'tags: control characters are not allowed'],
  [{ tags: 'ä'.repeat(400) }, /^tags: \d+ bytes with customer and names, above 1900$/],
  [{ alertid: 0.5 }, 'alertid: not a whole number'],
] as const)
  test(`refuses ${JSON.stringify(changes).slice(0, 60)}`, async () => {
    const [said = '', ...others] = await refusals(message(changes));
    assert.deepEqual(others, []);
    if (typeof refusal === 'string') assert.equal(said, refusal);
    else assert.match(said, refusal);
  });

test('captures each interface of an alias once, and tags it with the alias', async () => {
  const requests = await captures(message({ interface: undefined, alias: ['main', 'public'] }));
  assert.deepEqual(
    requests.map(({ interface: name, tags }) => [name, tags]),
    [
      ['eth0', 'alias:main,node:fw-1.fra,interface:eth0,snaplength:500'],
      ['eth1', 'alias:public,node:fw-1.fra,interface:eth1,snaplength:500'],
    ],
  );
});

test('takes a list of messages, each for itself', async () => {
  const list = [message(), message({ packets: -1 }), message({ node: 'other' }), message()];
  const translated = await translateMessage(`[${list.join(',')}]`, CONTEXT);
  assert.equal(translated.requests.length, 2);
  assert.equal(translated.forOthers, 1);
  assert.deepEqual(translated.refusals, ['packets: less than 0']);
});

test('ignores what it does not know, and says what may have been meant', async () => {
  const text = message({ packtes: 5, source: 'nagios', aliasmatched: 'x', alertstr: 'y' });
  const { requests, unknown } = await translateMessage(text, CONTEXT);
  assert.equal(requests.length, 1);
  assert.deepEqual(unknown, ['packtes (did you mean packets?)', 'source']);
});

for (const [text, refusal] of [
  ['', /^not JSON: /],
  ['{"node":', /^not JSON: /],
  ['7', /^neither an object/],
  ['null', /^neither an object/],
  ['[]', /^an empty list$/],
  ['[[]]', /^neither an object/],
  [`[${'{},'.repeat(100)}{}]`, /^a list of more than 100$/],
  ['['.repeat(500_000), /^not JSON: /],
  [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, /^neither an object/],
  [`{"node":"any","interface":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, /^interface: not/],
  [JSON.stringify({ node: 'x'.repeat(LARGEST_MESSAGE) }), /^longer than 1048576 bytes$/],
  ['{"__proto__":{"node":"any"},"interface":["eth0"]}', /^node and nodere: neither/],
] as const)
  test(`refuses ${text.slice(0, 30)} (${text.length} characters)`, async () => {
    const [said = '', ...others] = await refusals(text);
    assert.deepEqual(others, []);
    assert.match(said, refusal);
    assert.ok(said.length < 200, said);
  });

for (const pattern of [
  '(a+)+$',
  '(((a{100}){100}){100}){100}',
  '(a*)*'.repeat(200),
  'x{1000}{1000}',
])
  test(`a pattern such as ${pattern.slice(0, 30)} takes no time`, async () => {
    const context = { ...CONTEXT, host: `${'a'.repeat(250)}!` };
    const begin = performance.now();
    await translateMessage(message({ node: undefined, nodere: pattern }), context);
    assert.ok(performance.now() - begin < 2000);
  });
