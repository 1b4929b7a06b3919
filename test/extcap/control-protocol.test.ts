import assert from 'node:assert/strict';
import { test } from 'node:test';

import { COMMAND, ControlReader, controlMessage } from '#kcap/extcap/control-protocol.js';

test('a message is T, its length in three bytes, control, command and text', () => {
  assert.deepEqual(
    controlMessage(1, COMMAND.add, 'abc\n'),
    Buffer.from([0x54, 0, 0, 6, 1, 2, 0x61, 0x62, 0x63, 0x0a]),
  );
  assert.deepEqual(controlMessage(0, COMMAND.set), Buffer.from([0x54, 0, 0, 2, 0, 1]));
});

test('a long text is cut to what a pipe takes whole', () => {
  const message = controlMessage(1, COMMAND.add, 'x'.repeat(100_000));
  assert.equal(message.length, 4096);
  assert.equal(message.readUIntBE(1, 3), 4096 - 4);
});

test('messages are read however the bytes are cut', () => {
  const bytes = Buffer.concat([
    controlMessage(255, COMMAND.initialized),
    controlMessage(0, COMMAND.set, 'Status'),
  ]);
  const expected = [
    { control: 255, command: 0, payload: Buffer.alloc(0) },
    { control: 0, command: 1, payload: Buffer.from('Status') },
  ];
  for (let at = 0; at <= bytes.length; at++) {
    const reader = new ControlReader();
    const read = [...reader.read(bytes.subarray(0, at)), ...reader.read(bytes.subarray(at))];
    assert.deepEqual(read, expected);
  }
});

test('after bytes that are no message nothing more is read', () => {
  const cases: [what: string, bytes: number[]][] = [
    ['another first byte', [0x55, 0, 0, 2, 0, 0]],
    ['a length of less than control and command', [0x54, 0, 0, 1, 0, 0]],
    ['a payload longer than the protocol has', [0x54, 1, 0, 2, 0, 0]],
  ];
  for (const [what, bytes] of cases) {
    const reader = new ControlReader();
    assert.deepEqual(reader.read(Buffer.from(bytes)), [], what);
    assert.deepEqual(reader.read(controlMessage(0, COMMAND.set)), [], what);
  }
});
