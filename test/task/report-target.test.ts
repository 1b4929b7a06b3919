import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseReportTarget } from '#kcap/task/report-target.js';

test('HEP: servers, port and settings', () => {
  assert.deepEqual(
    parseReportTarget(
      'hep+tls://homer:9061,[2001:db8::1]?id=2001&password=a%26b&compress=1&node=fra&ca=ca.pem&cert=c.pem&key=k.pem',
    ),
    {
      kind: 'hep',
      transport: 'tls',
      servers: [
        { host: 'homer', port: 9061 },
        { host: '2001:db8::1', port: 9060 },
      ],
      captureId: 2001,
      version: 3,
      compresses: true,
      password: 'a&b',
      nodeName: 'fra',
      tls: { ca: 'ca.pem', cert: 'c.pem', key: 'k.pem' },
      name: 'hep+tls://homer:9061,[2001:db8::1]?id=2001&password=***&compress=1&node=fra&ca=ca.pem&cert=c.pem&key=k.pem',
    },
  );
  const plain = parseReportTarget('hep://localhost/');
  assert.ok(plain.kind === 'hep' && plain.transport === 'udp' && plain.captureId === 0);
});

test("captagent's JSON, and standard output", () => {
  const target = parseReportTarget('json+udp://localhost:9000?payload=0&id=7');
  assert.ok(target.kind === 'captagent' && !target.hasPayload && target.captureId === 7);
  assert.deepEqual(parseReportTarget('text:'), { kind: 'text' });
  assert.deepEqual(parseReportTarget('json:'), { kind: 'json' });
});

test('an MQTT broker', () => {
  const secret = 'user=u&password=p%26';
  const target = parseReportTarget(`mqtts://b/sip%2Ffra1?client=edge&${secret}&telemetry=t/1&ca=c`);
  assert.deepEqual(target, {
    ...{ kind: 'mqtt', protocol: 'mqtts', host: 'b', port: 8883, topic: 'sip/fra1' },
    ...{ clientId: 'edge', user: 'u', password: 'p&', telemetry: 't/1', tls: { ca: 'c' } },
    name: 'mqtts://b/sip%2Ffra1?client=edge&user=u&password=***&telemetry=t/1&ca=c',
  });
  const ws = parseReportTarget('wss://[::1]:9/a/b?path=/x');
  assert.ok(ws.kind === 'mqtt' && ws.path === '/x' && ws.topic === 'a/b' && ws.port === 9);
});

test('a topic', () => {
  const target = parseReportTarget('kafka:Sip.fra1');
  assert.deepEqual(target, { kind: 'kafka', topic: 'Sip.fra1', name: 'kafka:Sip.fra1' });
  assert.throws(() => parseReportTarget('kafka:'), /--report kafka: : a topic name is missing/);
  assert.throws(() => parseReportTarget('kafka://b/sip'), /a topic name can't contain '\/'/);
});

for (const [text, cause, remedy] of [
  ['hepp://x', 'no such reporter', /hep:\/\//],
  ['homer:9060', 'no such reporter', /text:/],
  ['hep://x/path', 'it takes no path', /hep:\/\/localhost/],
  ['hep://', "'' is not HOST:PORT", /brackets/],
  ['hep://user@x', "'user@x' is not HOST:PORT", /brackets/],
  ['hep://x:0', '0 is no port', /65535/],
  ['hep://x:99999', '99999 is no port', /65535/],
  ['json+udp://x', 'x has no port', /x:PORT/],
  ['hep://x?passwort=1', 'passwort: no such setting', /did you mean password\?/],
  ['hep://x?ca=f', 'ca: no such setting', /./],
  ['hep://x?id=-1', 'id=-1 is not 0 to 4294967295', /id=0/],
  ['hep://x?version=4', 'version=4 is not 2 to 3', /version=2/],
  ['hep://x?version=2&compress=1', 'HEP 2 has no room for compress', /leave out/],
  ['hep+tcp://x?version=2', 'HEP 2 does not say where its packets end', /leave out/],
  ['mqtt://x', 'it names no topic', /sip\/fra1/],
  ['mqtt://x/a/%23', 'a topic that is published to has no + or #', /./],
  ['mqtt://x/a?password=***', 'a password needs a user', /user=/],
  ['mqtt://x/a?ca=f', 'ca: no such setting', /./],
  ['hep+tls://x?cert=c', 'a certificate and its key go together', /key=/],
] as const)
  test(`${text}: ${cause}`, () => {
    assert.throws(
      () => parseReportTarget(text),
      (error: Error & { remedy?: string; exitStatus?: number }) => {
        assert.equal(error.message, `--report ${text}: ${cause}`);
        assert.match(error.remedy ?? '', remedy);
        assert.equal(error.exitStatus, 2);
        return true;
      },
    );
  });

test('a password is in no error', () => {
  assert.throws(
    () => parseReportTarget('hep://x?password=s3cret&nod=1'),
    (error: Error) => error.message.includes('password=***') && !error.message.includes('s3cret'),
  );
});
