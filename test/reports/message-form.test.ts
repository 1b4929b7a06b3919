import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { addon } from '#kcap/addon/addon.js';
import { JsonBytes, unfolded } from '#kcap/protocols/json-bytes.js';
import { writeAddress } from '#kcap/protocols/report/ip-text.js';
import { MessageForm, MessageRows, RowWriter } from '#kcap/reports/message-form.js';

import { addressBytes } from '../protocols/passages.js';
import { Mutations } from '../protocols/mutations.js';

const FIELD = { column: 0, source: 2 };
const COLUMNS = 3;
const MOST_BYTES = 0xffff_ffff;

/** What a form makes of bytes: [start, end) of a source. */
function written(
  rows: MessageRows,
  ...inputs: readonly { bytes: Buffer; start?: number; end?: number }[]
): string[] {
  const out = new JsonBytes();
  for (const { bytes, start = 0, end = bytes.length } of inputs) {
    const at = rows.begin();
    rows.numbers[at] = start;
    rows.numbers[at + 1] = end;
    rows.numbers[at + 2] = rows.sourceOf(bytes);
  }
  const ends = new Int32Array(inputs.length);
  rows.writeAll(out, ends);
  assert.equal(out.length, ends.at(-1));
  return [...ends].map((end, index) => out.bytes.toString('latin1', ends[index - 1] ?? 0, end));
}

const utf8 = (text: string) => Buffer.from(text, 'latin1').toString();

/** Bytes with many line ends, blanks, quotes and broken characters among them. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 100 }).map((input) => Buffer.from(input)),
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  fc
    .array(fc.constantFrom(' ', '\t', '\r', '\n', 'a', '"', '\\', '\x00', 'é', '\u{1f600}', '\x7f'))
    .map((parts) => Buffer.from(parts.join(''))),
  fc
    .array(fc.constantFrom(0x80, 0xbf, 0xc2, 0xe0, 0xa0, 0xed, 0xf0, 0x90, 0xf4, 0xff, 0x41))
    .map((bytes) => Buffer.from(bytes)),
);

describe('a form', () => {
  test('has any bytes as a JSON string, as JSON.stringify has their unfolded text', () => {
    const rows = new MessageRows(new MessageForm().literal('"').json(FIELD).literal('"'), COLUMNS);
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const [text = ''] = written(rows, { bytes });
        assert.equal(utf8(text), JSON.stringify(unfolded(bytes.toString())));
      }),
      { numRuns: 500 },
    );
  });

  test('has any bytes in base64', () => {
    const rows = new MessageRows(new MessageForm().literal('<').base64(FIELD), COLUMNS);
    fc.assert(
      fc.property(anyBytes, fc.nat(), (bytes, from) => {
        const start = Math.min(from, bytes.length);
        const [text] = written(rows, { bytes, start });
        assert.equal(text, `<${bytes.toString('base64', start)}`);
      }),
    );
  });

  test('has a header with the bytes themselves where the record has them escaped', () => {
    const form = new MessageForm();
    const slot = form.slot();
    form.beginFrame().endKey().json(FIELD, slot).endValue().headerOf('h', slot).endFrame(0);
    const rows = new MessageRows(form, COLUMNS);
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const [text = ''] = written(rows, { bytes });
        const frame = Buffer.from(text, 'latin1');
        const valueEnd = 24 + frame.readUInt32LE(8);
        const [name, length] = [frame.readUInt32LE(valueEnd), frame.readUInt32LE(valueEnd + 4)];
        const refers = name >= 0x8000_0000;
        const at = refers ? frame.readUInt32LE(valueEnd + 8) : valueEnd + 9;
        assert.equal(frame.readUInt32LE(0), frame.length);
        assert.equal(frame.toString('latin1', at, at + length), unfolded(bytes.toString('latin1')));
      }),
      { numRuns: 500 },
    );
  });

  test('writes numbers, times and lengths in digits', () => {
    const form = new MessageForm().number(0).literal(' ').milliseconds(0).literal(' ');
    const rows = new MessageRows(form.microseconds(0).literal(' ').length(0), 2);
    for (const [first, second] of [
      [0, 0],
      [1, 999_999],
      [0xffff_ffff, 1000],
      [1_700_000_000, 123_456],
    ] as const) {
      const out = new JsonBytes();
      const at = rows.begin();
      rows.numbers[at] = first;
      rows.numbers[at + 1] = second;
      rows.writeAll(out, new Int32Array(1));
      const time = BigInt(first) * 1_000_000n + BigInt(second);
      const length = first > 0x7fff_ffff ? 0 : Math.max(0, second - first);
      assert.equal(
        out.bytes.toString('latin1', 0, out.length),
        `${first} ${time / 1000n} ${time} ${length}`,
      );
    }
  });

  test('has addresses as those are written elsewhere', () => {
    const form = new MessageForm().literal('').address(0, 1, 2);
    const rows = new MessageRows(form, COLUMNS);
    const expected = new JsonBytes();
    const mutations = new Mutations(3);
    for (let turn = 0; turn < 2000; turn++) {
      const bytes =
        turn % 2 === 0
          ? Buffer.from(addressBytes('192.0.2.1').map(() => mutations.number(256)))
          : Buffer.from(
              addressBytes('2001:db8:0:0:0:0:0:1').map((byte) => byte * mutations.number(2)),
            );
      if (turn % 50 === 1) Buffer.from('00000000000000000000ffff', 'hex').copy(bytes);
      expected.clear();
      writeAddress(expected, bytes, 0, bytes.length === 4 ? 4 : 16);
      assert.deepEqual(written(rows, { bytes }), [
        expected.bytes.toString('latin1', 0, expected.length),
      ]);
    }
  });

  test('leaves out what messages have not, and the comma behind it', () => {
    const form = new MessageForm().literal('{a,');
    form
      .where(0, () => form.raw(FIELD).literal(','))
      .dropComma()
      .literal('}');
    const rows = new MessageRows(form, COLUMNS);
    const bytes = Buffer.from('some');
    assert.deepEqual(written(rows, { bytes }, { bytes, start: -1 }), ['{a,some}', '{a}']);
  });

  test('has numbers, lengths and addresses as bytes, in network byte order', () => {
    const form = new MessageForm().literal('..').bigEndian(0, 1).bigEndian(1, 2).bigEndian(1, 4);
    form.lengthBytes(2, 6).addressBytes(4, 5, 6).wholeLength(0);
    const row = Int32Array.from([1, 0x0102_0304, 1, 4, 2, 4, 0]);
    const out = new JsonBytes();
    const address = Buffer.from([9, 9, 192, 0, 2, 1, 9]);
    new RowWriter(form, row.length).write(row, [address], out, new Int32Array(1));
    assert.equal(
      out.bytes.toString('hex', 0, out.length),
      ['000f', '01', '0304', '01020304', '0009', 'c0000201'].join(''),
    );
  });

  test('has parts for some messages only', () => {
    const form = new MessageForm().literal('a').literal('b');
    form.whereNotEmpty(0, () => form.literal('c').literal('d').raw(FIELD)).literal('e');
    form.whereIs(0, 1, () => form.literal('f')).literal('g');
    const rows = new MessageRows(form, COLUMNS);
    const bytes = Buffer.from('123');
    assert.deepEqual(
      written(rows, { bytes }, { bytes, start: 3 }, { bytes, start: -1 }, { bytes, start: 1 }),
      ['abcd123eg', 'abeg', 'abeg', 'abcd23efg'],
    );
  });

  test('stops before a message that becomes too long', () => {
    const rows = Int32Array.from([0, 2, 0, 0, 3, 0, 0, 4, 0, 0, 1, 0]);
    const writer = new RowWriter(new MessageForm().raw(FIELD).literal('!'), COLUMNS, 4);
    const out = new JsonBytes();
    const ends = new Int32Array(4);
    assert.equal(writer.write(rows, [Buffer.from('12345')], out, ends), 2);
    assert.equal(out.bytes.toString('latin1', 0, out.length), '12!123!');
    assert.deepEqual([...ends], [3, 7, 0, 0]);
    assert.equal(writer.write(rows.subarray(6), [Buffer.from('12345')], out, ends.subarray(2)), 0);
  });

  test('makes room for as much as it takes, many rows at once', () => {
    const rows = new MessageRows(new MessageForm().json(FIELD).literal('.'), COLUMNS);
    const inputs = Array.from({ length: 300 }, (_, index) => ({ bytes: Buffer.alloc(index, 'x') }));
    assert.deepEqual(
      written(rows, ...inputs),
      inputs.map(({ bytes }) => `${bytes.toString()}.`),
    );
    const bytes = Buffer.alloc(300_000, '\x01');
    assert.equal(written(rows, { bytes })[0]?.length, 6 * bytes.length + 1);
  });
});

describe('a row or step that refers to what is not there', () => {
  const form = new MessageForm().json(FIELD).base64(FIELD);
  const writer = () => new addon.MessageWriter(form.steps, form.literals, COLUMNS, MOST_BYTES);
  const source = Buffer.from('bytes');
  const write = (row: readonly number[], at = 0, ends = 1) =>
    writer().write(Int32Array.from(row), [source], Buffer.alloc(100), at, new Int32Array(ends));

  test('is an error, and nothing else', () => {
    assert.equal(write([0, 5, 0]), 1);
    assert.equal(write([-1, 7, 9]), 1);
    for (const row of [
      [0, 6, 0],
      [3, 2, 0],
      [0, -1, 0],
      [0x7fff_ffff, 0x7fff_ffff, 0],
      [0, 5, 1],
      [0, 5, -1],
    ])
      assert.throws(() => write(row), RangeError);
    assert.throws(() => write([0, 5, 0], 101), RangeError);
    assert.throws(() => write([0, 5, 0], 0, 2), RangeError);
    assert.throws(() => write([0, 5]), RangeError);
  });

  test('is no step of a form', () => {
    for (const wrong of [
      [99],
      [-1],
      [0, 0, 1],
      [0, -1, 1],
      [1, 2, 0],
      [2, 0, 3],
      [2, 0, 2, 32],
      [8, 0, 1, 3, -1],
      [9, 0, 1],
      [16, 0, 0, -1],
      [17, 2],
      [18, 3, 1],
      [18, 0, 3],
      [19, 2],
      [19, 0, 0, -1],
      [20, 0, 1, 3],
      [21, 0, 1],
      [22, 2, 0],
      [22, 0, 1],
      [23, -1],
    ]) {
      const steps = Int32Array.from([...wrong, 0, 0, 0, 0].slice(0, 5));
      assert.throws(
        () => new addon.MessageWriter(steps, Buffer.alloc(0), COLUMNS, MOST_BYTES),
        RangeError,
      );
    }
  });

  test('never harms, whatever the numbers are', () => {
    const mutations = new Mutations(4);
    const telling = [0, 1, -1, 4, 16, 5, 6, 99, 0x7fff_ffff, -0x8000_0000];
    for (let turn = 0; turn < 5000; turn++) {
      const steps = Int32Array.from({ length: 5 * (1 + mutations.number(8)) }, (_, index) =>
        index % 5 === 0 ? mutations.number(24) : mutations.pick(telling),
      );
      const row = Int32Array.from({ length: 8 }, () => mutations.pick(telling));
      const out = Buffer.alloc(4096);
      try {
        const native = new addon.MessageWriter(steps, Buffer.from('literals'), 8, MOST_BYTES);
        native.write(row, [source, Buffer.alloc(64)], out, 0, new Int32Array(1));
      } catch (error) {
        assert.ok(error instanceof RangeError);
      }
    }
  });
});
