import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { LogCarrier } from '#kcap/agent/log-carrier.js';
import { LogFile } from '#kcap/agent/log-file.js';
import { Logs } from '#kcap/agent/logs.js';
import { tempFolder } from '#support/temp-folder.js';
import { waitFor } from '#support/wait-for.js';

const record = (msg: string, level = 'info') =>
  `${JSON.stringify({ level, time: '2026-11-28T12:00:00.000Z', msg })}\n`;

const LIMIT_MS = 20_000;
const FILE = { maxBytes: 1000, maxAgeDays: 0, maxBackups: 0, compress: false };

describe('a log file', () => {
  test('gets the time into its name once it is full, and goes on', async (t) => {
    const folder = await tempFolder(t);
    const file = new LogFile({ ...FILE, path: path.join(folder, 'logs', 'kcap.log') });
    const lines = Array.from({ length: 10 }, (_, index) => `${index}`.padEnd(299, '.') + '\n');
    for (const line of lines) await file.append([line]);
    await file.close();
    const names = (await readdir(path.join(folder, 'logs'))).sort();
    assert.equal(names.length, 4);
    for (const name of names.slice(0, 3))
      assert.match(name, /^kcap-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log$/);
    const contents = await Promise.all(
      names.map((name) => readFile(path.join(folder, 'logs', name), 'utf8')),
    );
    assert.equal(contents.join(''), lines.join(''));
  });

  test('goes on behind what it holds', async (t) => {
    const name = path.join(await tempFolder(t), 'kcap.log');
    await writeFile(name, 'before\n');
    const file = new LogFile({ ...FILE, path: name });
    await file.append(['after\n']);
    await file.close();
    assert.equal(await readFile(name, 'utf8'), 'before\nafter\n');
  });

  test('keeps as many older ones as it may, compressed, and nothing of others', async (t) => {
    const folder = await tempFolder(t);
    const old = 'kcap-2020-01-01T00-00-00.000.log.gz';
    const others = ['kcap-other.log', 'kcap.log.1', 'kcap-2020-01-01.log'];
    for (const name of [old, ...others]) await writeFile(path.join(folder, name), '');
    const options = { ...FILE, maxBackups: 2, maxAgeDays: 30, compress: true };
    const file = new LogFile({ ...options, path: path.join(folder, 'kcap.log') });
    for (let i = 0; i < 5; i++) await file.append([`${i}`.padEnd(999, '.') + '\n']);
    await file.close();
    const names = await readdir(folder);
    const older = names.filter((name) => name.endsWith('.gz')).sort();
    assert.equal(older.length, 2);
    const texts = await Promise.all(
      older.map(async (name) => gunzipSync(await readFile(path.join(folder, name))).toString()),
    );
    assert.deepEqual(
      texts.map((text) => text[0]),
      ['2', '3'],
    );
    assert.deepEqual(
      names.filter((name) => !older.includes(name)).sort(),
      ['kcap.log', ...others].sort(),
    );
  });

  test('is opened anew after a failure', async (t) => {
    const folder = path.join(await tempFolder(t), 'logs');
    await writeFile(folder, 'in the way');
    const file = new LogFile({ ...FILE, path: path.join(folder, 'kcap.log') });
    await assert.rejects(file.append(['lost\n']), { code: 'EEXIST' });
    await rm(folder);
    await mkdir(folder);
    await chmod(folder, 0o700);
    await file.append(['kept\n']);
    await file.close();
    assert.equal(await readFile(path.join(folder, 'kcap.log'), 'utf8'), 'kept\n');
  });
});

describe('a carrier of log records', () => {
  function carrier(deliver: (records: readonly string[]) => Promise<void>, maxWaitingBytes = 100) {
    const said: string[] = [];
    const made = new LogCarrier({
      ...{ deliver, batchRecords: 10, batchMs: 0, maxWaitingBytes },
      say: (text) => said.push(text),
      wordsFor: (error) => (error as Error).message,
    });
    return { made, said };
  }

  test('loses the oldest records beyond its bound, and says how many once it works again', async () => {
    const delivered: string[] = [];
    let isAway = true;
    let tries = 0;
    const { made, said } = carrier((records) => {
      tries++;
      if (isAway) return Promise.reject(new Error('away'));
      delivered.push(...records);
      return Promise.resolve();
    });
    made.write('first'.padEnd(50));
    await waitFor(() => tries > 0, { limitMs: LIMIT_MS, what: 'a try' });
    for (let i = 0; i < 5; i++) made.write(`${i}`.padEnd(40));
    isAway = false;
    await waitFor(() => delivered.length === 3, { limitMs: LIMIT_MS, what: 'what was kept' });
    await made.close();
    assert.deepEqual(
      delivered.map((text) => text.trim()),
      ['first', '3', '4'],
    );
    assert.deepEqual(said, [
      'away; log records wait in memory',
      "it works again; '3' log record(s) were lost",
    ]);
  });

  test('makes one more try when it is closed, and does not wait', async () => {
    const { made, said } = carrier(() => Promise.reject(new Error('away')));
    made.write('one');
    await made.close();
    made.write('two');
    assert.deepEqual(said, ['away; log records wait in memory']);
  });
});

/** An HTTP server that keeps what is pushed, and answers with this status. */
async function loki(t: TestContext, status = () => 204) {
  const pushed: { headers: IncomingMessage['headers']; body: unknown }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (status() < 300)
        pushed.push({
          headers: request.headers,
          body: JSON.parse(Buffer.concat(chunks).toString()) as unknown,
        });
      response.writeHead(status()).end(status() < 300 ? '' : 'no, thank you');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { pushed, port: (server.address() as AddressInfo).port };
}

describe('the log', () => {
  const outputs = (port: number) => ({
    endpoint: `http://me:pass%20word@127.0.0.1:${port}/loki/api/v1/push`,
    labels: { job: 'kcap' },
    ...{ batchRecords: 10, batchMs: 10 },
  });

  test('is pushed to Loki with labels, level and nanoseconds', async (t) => {
    const { pushed, port } = await loki(t);
    const said: string[] = [];
    const logs = new Logs((text) => said.push(text));
    await logs.use({ loki: outputs(port) });
    logs.write(record('one'));
    logs.write(record('two', 'warn'));
    await logs.close();
    const [{ headers, body } = { headers: {}, body: undefined }] = pushed;
    assert.equal(headers.authorization, `Basic ${Buffer.from('me:pass word').toString('base64')}`);
    const time = `${BigInt(Date.UTC(2026, 10, 28, 12)) * 1_000_000n}`;
    assert.deepEqual(body, {
      streams: [
        { stream: { job: 'kcap', level: 'info' }, values: [[time, record('one').trimEnd()]] },
        {
          stream: { job: 'kcap', level: 'warn' },
          values: [[time, record('two', 'warn').trimEnd()]],
        },
      ],
    });
    assert.deepEqual(said, []);
  });

  test('says once, and without the password, that Loki is away, and sends it all later', async (t) => {
    let status = 503;
    const { pushed, port } = await loki(t, () => status);
    const said: string[] = [];
    const logs = new Logs((text) => said.push(text));
    await logs.use({ loki: outputs(port) });
    logs.write(record('one'));
    await waitFor(() => said.length > 0, { limitMs: LIMIT_MS, what: 'the trouble' });
    status = 204;
    await waitFor(() => said.length > 1, { limitMs: LIMIT_MS, what: 'its end' });
    await logs.close();
    const at = `Loki at http://127.0.0.1:${port}/loki/api/v1/push`;
    assert.deepEqual(said, [
      `${at}: 503 Service Unavailable: no, thank you; log records wait in memory`,
      `${at}: it works again; no log record was lost`,
    ]);
    assert.equal(pushed.length, 1);
  });

  test('goes on after records that Loki refuses', async (t) => {
    let status = 400;
    const { pushed, port } = await loki(t, () => status);
    const said: string[] = [];
    const logs = new Logs((text) => said.push(text));
    await logs.use({ loki: outputs(port) });
    logs.write(record('one'));
    await waitFor(() => said.length > 0, { limitMs: LIMIT_MS, what: 'the refusal' });
    status = 204;
    logs.write(record('two'));
    await logs.close();
    assert.match(said[0] ?? '', /: 400 Bad Request: no, thank you; '1' log record\(s\) are lost$/);
    assert.equal(pushed.length, 1);
  });

  test('goes into another file from one record to the next', async (t) => {
    const folder = await tempFolder(t);
    const logs = new Logs(() => undefined);
    const fileNamed = (name: string) => ({ ...FILE, path: path.join(folder, name) });
    await logs.use({ file: fileNamed('a.log') });
    logs.write(record('one'));
    await logs.use({ file: fileNamed('b.log') });
    logs.write(record('two'));
    await logs.close();
    logs.write(record('three'));
    assert.equal(await readFile(path.join(folder, 'a.log'), 'utf8'), record('one'));
    assert.equal(await readFile(path.join(folder, 'b.log'), 'utf8'), record('two'));
  });
});
