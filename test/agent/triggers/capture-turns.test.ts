import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CaptureTurns } from '#kcap/agent/triggers/capture-turns.js';

/** Turns in a room whose size the test changes, with what became of each wish, in order. */
function turnsOf(atOnce: number, roomBytes: number) {
  const room = { bytes: roomBytes };
  const turns = new CaptureTurns(atOnce, () => room.bytes);
  const told: string[] = [];
  const take = (name: string, bytes: number) => {
    void turns.take(bytes).then((turn) => told.push(`${name} ${turn}`));
  };
  const seen = async () => {
    await new Promise(setImmediate);
    return told.splice(0);
  };
  return { room, turns, take, seen };
}

test('turns go to those that came first, as many as there may be at once', async () => {
  const { turns, take, seen } = turnsOf(2, 100);
  for (const name of ['a', 'b', 'c', 'd']) take(name, 1);
  assert.deepEqual(await seen(), ['a given', 'b given']);
  assert.equal(turns.waiting, 2);
  turns.giveBack(1);
  assert.deepEqual(await seen(), ['c given']);
});

test('what does not fit beside others waits for them, and nobody goes before it', async () => {
  const { turns, take, seen } = turnsOf(10, 100);
  take('a', 60);
  take('b', 60);
  take('c', 1);
  assert.deepEqual(await seen(), ['a given']);
  assert.equal(turns.heldBytes, 60);
  turns.giveBack(60);
  assert.deepEqual(await seen(), ['b given', 'c given']);
  assert.equal(turns.heldBytes, 61);
});

test('what fits no more, whoever ends, is told so once its turn has come', async () => {
  const { room, turns, take, seen } = turnsOf(1, 100);
  take('a', 60);
  take('b', 60);
  take('c', 20);
  room.bytes = 50;
  assert.deepEqual(await seen(), ['a given']);
  turns.giveBack(60);
  assert.deepEqual(await seen(), ['b no room', 'c given']);
});

test('room that others make is used at once', async () => {
  const { room, turns, take, seen } = turnsOf(10, 100);
  take('a', 60);
  take('b', 60);
  room.bytes = 130;
  turns.look();
  assert.deepEqual(await seen(), ['a given', 'b given']);
});

test('at the end those that wait are sent away', async () => {
  const { turns, take, seen } = turnsOf(1, 100);
  take('a', 1);
  take('b', 1);
  turns.leaveAll();
  turns.giveBack(1);
  take('c', 1);
  assert.deepEqual(await seen(), ['a given', 'b left']);
});
