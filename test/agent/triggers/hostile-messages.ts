import fc from 'fast-check';

import { message, PRINTED } from './messages.js';

const FIELDS = [
  ...['node', 'nodere', 'interface', 'alias', 'bpf', 'snap', 'packets', 'bytes', 'duration'],
  ...['timeout', 'tags', 'customer', 'alertid', 'packetdebug', 'logrequest', 'folder', 'bucket'],
  ...['acl', 'region', 'endpoint', 'encryption', '__proto__', 'constructor'],
];

const nasty = fc.constantFrom(
  ...['../../etc/passwd', '/etc/passwd', '..', '.', 'a/../../b', '%2e%2e/x', 'a\0b', 'a\r\nX: y'],
  ...['\\..\\x', '\ud800', 'ä'.repeat(300), '(a+)+$', '[', '*'.repeat(50), '$(reboot)', '`id`'],
  ...['http://169.254.169.254/latest', 'file:///etc/passwd', 'host:99999', '[::1]:80', 'a@b'],
  ...['not (((', 'port 80', 'len > 0', 'any', 'fw-1.fra', 'private', 'x'.repeat(5000)],
);
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(-0, 2 ** 53, 2 ** 64, 1e308, -1),
);
const value = fc.oneof(
  { depthSize: 'small' },
  nasty,
  number,
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.oneof(nasty, number), { maxLength: 4 }),
  fc.jsonValue({ maxDepth: 3 }),
);
const hostileObject = fc
  .array(fc.tuple(fc.constantFrom(...FIELDS), value), { maxLength: 8 })
  .map((fields) => ({ node: 'any', interface: ['eth0'], ...Object.fromEntries(fields) }));

/** A message of which some bytes were changed, removed or doubled. */
const damaged = fc
  .tuple(
    fc.constantFrom(PRINTED, message(), `[${message()},${message()}]`),
    fc.array(fc.tuple(fc.nat(2000), fc.nat(255), fc.nat(2)), { minLength: 1, maxLength: 6 }),
  )
  .map(([text, changes]) => {
    let bytes = [...Buffer.from(text)];
    for (const [at, byte, kind] of changes) {
      const place = at % bytes.length;
      if (kind === 0) bytes[place] = byte;
      else if (kind === 1) bytes.splice(place, 1);
      else bytes = [...bytes.slice(0, place), ...bytes.slice(place / 2)];
    }
    return Buffer.from(bytes).toString();
  });

/** Messages of those who mean no good, and of those who know no better. */
export const hostileMessages = fc.oneof(
  hostileObject.map((object) => JSON.stringify(object)),
  fc.array(hostileObject, { maxLength: 3 }).map((list) => JSON.stringify(list)),
  damaged,
  fc.string({ unit: 'binary', maxLength: 200 }),
);
