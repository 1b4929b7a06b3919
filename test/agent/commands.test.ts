import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { CommandError } from '#kcap/agent/command-error.js';
import { METHODS } from '#kcap/agent/commands.js';
import { COMMAND_NAMES } from '#kcap/agent/configuration/command-channel.js';
import { UserError } from '#kcap/errors/user-error.js';

import { waitFor } from '../support/wait-for.js';
import { shortTask } from '../task/described.js';
import { answering } from './answering.js';

const SOCKET = { channel: 'socket' } as const;

function refusal(code: number, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof CommandError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

/** What capture-agent's own commands answer, field for field; ours have more in some. */
describe('the commands of capture-agent', () => {
  test('get its answers', async (t) => {
    const { commands, asked } = answering(t);
    const ask = (method: string, params?: unknown) => commands.answer(method, params, SOCKET);
    assert.deepEqual(await ask('task_list'), { tasks: [], count: 0 });
    assert.deepEqual(await ask('task_create', { config: shortTask('sip') }), {
      ...{ task_id: 'sip', status: 'created' },
    });
    assert.deepEqual(await ask('task_list', null), { tasks: ['sip'], count: 1 });
    assert.deepEqual(await ask('task_status'), { tasks: { sip: 'running' } });
    assert.deepEqual(await ask('task_status', { task_id: '' }), { tasks: { sip: 'running' } });
    assert.deepEqual(await ask('daemon_status'), {
      ...{ version: '1.2.3', uptime_sec: 5, tasks: ['sip'], task_count: 1 },
      node: { hostname: 'edge-1', ip: '192.0.2.1', tags: { dc: 'fra1' } },
    });
    assert.deepEqual(await ask('config_reload'), {
      ...{ status: 'reloaded', changed: ['log.level'], restart: [] },
    });
    assert.deepEqual(await ask('task_delete', { task_id: 'sip' }), {
      ...{ task_id: 'sip', status: 'deleted' },
    });
    assert.deepEqual(await ask('daemon_shutdown'), { status: 'shutting_down' });
    assert.deepEqual(asked, ['reload', 'shut down']);
  });

  test('say of a task what it has done', async (t) => {
    const { commands, tasks } = answering(t);
    await commands.answer('task_create', { config: shortTask('sip') }, SOCKET);
    const isOut = () => tasks.status('sip').account.out.packets === 3;
    await waitFor(isOut, { limitMs: 5000, what: '3 packets' });
    const status = (await commands.answer('task_status', { task_id: 'sip' }, SOCKET)) as Record<
      string,
      unknown
    >;
    const { task_id, status: state, packets_in, packets_out, under_way, drops, reporters } = status;
    assert.deepEqual(
      [task_id, state, packets_in, packets_out, under_way],
      ['sip', 'running', 3, 3, 0],
    );
    assert.deepEqual(drops, { kernel: 0, interface: 0 });
    assert.deepEqual(reporters, {
      sink: { in: 3, out: 3, failed: 0, dropped: 0, spooled: 0, errors: {} },
    });
    assert.match(String(status['started_at']), /^\d{4}-\d\d-\d\dT.*Z$/);
    const { tasks: all } = (await commands.answer('daemon_stats', {}, SOCKET)) as {
      tasks: Record<string, Record<string, unknown>>;
    };
    assert.equal(all['sip']?.['state'], 'running');
    assert.equal(all['sip']['packets_in'], 3);
  });
});

describe('commands of our own', () => {
  test('stop, start, filter and update a task', async (t) => {
    const { commands, runs } = answering(t);
    const ask = (method: string, params: unknown) => commands.answer(method, params, SOCKET);
    await ask('task_create', { config: shortTask('a') });
    const filter = { task_id: 'a', bpf_filter: 'udp port 5060' };
    assert.deepEqual(await ask('task_filter', filter), filter);
    assert.deepEqual(runs.filters, ['udp port 5060']);
    assert.deepEqual(await ask('task_stop', { task_id: 'a' }), { task_id: 'a', status: 'stopped' });
    assert.deepEqual(await ask('task_start', { task_id: 'a' }), {
      task_id: 'a',
      status: 'running',
    });
    const config = shortTask('a', { interface: 'eth1' });
    assert.deepEqual(await ask('task_update', { config }), { task_id: 'a', status: 'updated' });
    const { interfaces } = (await ask('interface_list', {})) as { interfaces: { name: string }[] };
    assert.ok(interfaces.some(({ name }) => name === 'lo'));
  });
});

describe('a command that can not be done', () => {
  const cases: (readonly [method: string, params: unknown, code: number, message: RegExp])[] = [
    ['task_crate', {}, -32601, /^task_crate: no such method/],
    ['toString', {}, -32601, /no such method/],
    ['__proto__', {}, -32601, /no such method/],
    ['x'.repeat(10_000), {}, -32601, /^x{100}…: no such method$/],
    ['task_delete', {}, -32602, /task_id/],
    ['task_delete', { task_id: 7 }, -32602, /task_id/],
    ['task_delete', [], -32602, /task_delete/],
    ['task_delete', { task_id: 'a', force: true }, -32602, /force/],
    ['task_create', { config: { id: 'a', interface: 'eth0', pasers: [] } }, -32602, /pasers/],
    ['task_create', { config: 'id: a' }, -32602, /task/],
    ['task_create', {}, -32602, /./],
    ['task_delete', { task_id: 'a' }, -32603, /^task a: there is no such task$/],
    ['task_status', { task_id: 'a' }, -32603, /no such task/],
    ['task_filter', { task_id: 'a', bpf_filter: 'udp' }, -32603, /no such task/],
  ];
  for (const [method, params, code, message] of cases)
    test(`${method.slice(0, 20)} ${JSON.stringify(params)} is ${code}`, async (t) => {
      const { commands } = answering(t);
      await assert.rejects(commands.answer(method, params, SOCKET), refusal(code, message));
    });

  test('says why an opening failed, in the line that a person would see', async (t) => {
    const fails = new UserError('capture on eth9', 'no such interface', {
      remedy: 'there are: lo',
    });
    const { commands } = answering(t, { fails });
    await assert.rejects(
      commands.answer('task_create', { config: shortTask('a') }, SOCKET),
      (error) => {
        assert.ok(error instanceof CommandError);
        assert.deepEqual(
          [error.code, error.message, error.remedy],
          [-32603, 'capture on eth9: no such interface', 'there are: lo'],
        );
        return true;
      },
    );
  });

  test('may be one that is not allowed from where it comes', async (t) => {
    const { commands, asked } = answering(t);
    await assert.rejects(
      commands.answer('daemon_shutdown', {}, { channel: 'kafka' }),
      refusal(-32001, /daemon_shutdown: not allowed from kafka/),
    );
    assert.deepEqual(asked, []);
  });

  test('may be a bug, and others are answered all the same', async (t) => {
    const { commands, records } = answering(t, { fails: new TypeError('oops') });
    const config = shortTask('a');
    await assert.rejects(
      commands.answer('task_create', { config }, SOCKET),
      refusal(-32603, /a bug in kcap: oops/),
    );
    assert.ok(records.some(({ event }) => event === 'bug'));
    assert.deepEqual(await commands.answer('task_list', {}, SOCKET), { tasks: [], count: 0 });
  });
});

test('a capture message that is refused whole is an error, and over Kafka no command waits for captures', async (t) => {
  const { commands, asked } = answering(t);
  const message = { node: 'any', packets: -1 };
  await assert.rejects(
    commands.answer('capture', message, SOCKET),
    refusal(-32602, /^capture message: packets: less than 0$/),
  );
  assert.deepEqual(await commands.answer('capture', [message], { channel: 'kafka' }), {
    status: 'taken',
  });
  assert.deepEqual(asked, [
    `capture ${JSON.stringify(message)}`,
    `capture ${JSON.stringify([message])}`,
  ]);
});

test('the methods are those that a configuration can name', () => {
  assert.deepEqual([...METHODS].sort(), [...COMMAND_NAMES].sort());
});
