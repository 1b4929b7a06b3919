import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test, type TestContext } from 'node:test';

import { HttpServer } from '#kcap/agent/http.js';

import { keptLog } from '../kafka/log.js';

async function server(
  t: TestContext,
  { notReady = [] as string[], metrics = () => Promise.resolve('m 1') } = {},
) {
  const pages = {
    metrics: async () => ({ type: 'text/plain; version=0.0.4', text: await metrics() }),
    notReady: () => notReady,
  };
  const { log, records } = keptLog();
  const address = { host: '127.0.0.1', port: 0 };
  const http = await HttpServer.open(address, { metricsPath: '/metrics', pages, log });
  t.after(() => http.close());
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://${http.address}${path}`, { method });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { http, get, records, port: Number(http.address.split(':').at(-1)) };
}

describe('over HTTP', () => {
  test('metrics are there, at a path that can be changed', async (t) => {
    const { http, get } = await server(t);
    const { status, text, headers } = await get('/metrics?x=1');
    assert.deepEqual({ status, text }, { status: 200, text: 'm 1' });
    assert.equal(headers.get('content-type'), 'text/plain; version=0.0.4');
    http.setMetricsPath('/m');
    assert.equal((await get('/metrics')).status, 404);
    assert.equal((await get('/m')).text, 'm 1');
  });

  test('the agent is healthy, and ready once nothing is missing', async (t) => {
    const notReady: string[] = [];
    const { get } = await server(t, { notReady });
    assert.equal((await get('/healthz')).status, 200);
    assert.equal((await get('/readyz')).status, 200);
    notReady.push('edge: failed', 'core: starting');
    const { status, text } = await get('/readyz');
    assert.deepEqual({ status, text }, { status: 503, text: 'edge: failed\ncore: starting\n' });
  });

  test('nothing else is there, and nothing can be changed', async (t) => {
    const { get } = await server(t);
    assert.equal((await get('/')).status, 404);
    const { status, headers } = await get('/metrics', 'POST');
    assert.equal(status, 405);
    assert.equal(headers.get('allow'), 'GET, HEAD');
    assert.deepEqual((await get('/metrics', 'HEAD')).text, '');
  });

  test('a bug in a metric is an answer, and a line in the log', async (t) => {
    const { get, records } = await server(t, {
      metrics: () => Promise.reject(new Error('no such thing')),
    });
    assert.equal((await get('/metrics')).status, 500);
    assert.ok(records.some(({ msg }) => msg === 'metrics: no such thing'));
  });

  test('a header that does not end is refused', async (t) => {
    const { port } = await server(t);
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.write(`GET /metrics HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 431 /);
  });

  test('whoever comes when there are too many is turned away, and the others are not', async (t) => {
    const { port } = await server(t);
    const sockets = Array.from({ length: 64 }, () => connect(port, '127.0.0.1'));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const late = connect(port, '127.0.0.1');
    late.on('error', () => undefined);
    await once(late, 'close');
    const [first] = sockets;
    assert.ok(first);
    first.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = (await once(first, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 200 OK/);
  });

  test('a port that is taken is said in a line', async (t) => {
    const { port } = await server(t);
    const pages = { metrics: () => Promise.reject(new Error('none')), notReady: () => [] };
    const parts = { metricsPath: '/metrics', pages, log: keptLog().log };
    await assert.rejects(HttpServer.open({ host: '127.0.0.1', port }, parts), {
      message: `metrics.listen 127.0.0.1:${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
      remedy: 'choose another one, or end what listens there',
    });
  });
});
