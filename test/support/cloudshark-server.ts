import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';

import { CertificateAuthority } from './certificates.js';
import { freePort } from './free-port.js';
import { tempFolder } from './temp-folder.js';

/** A file as a server got it. */
export interface UploadedCapture {
  readonly filename: string;
  readonly bytes: Buffer;
  readonly tags: string;
}

/** An HTTPS server that takes uploads as CloudShark's API, version 1, is documented. */
export interface CloudsharkStandIn {
  readonly port: number;
  /** File with the authority that signed its certificate. */
  readonly ca: string;
  readonly token: string;
  readonly uploads: readonly UploadedCapture[];
  /** Answers the next request in another way. */
  next(answer: (request: IncomingMessage, response: ServerResponse) => void): void;
  /** Ends it, with all of its connections. */
  stop(): Promise<void>;
  /** Serves again, at the same port. */
  restart(): Promise<void>;
}

const TOKEN = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';

export async function cloudsharkStandIn(t: TestContext): Promise<CloudsharkStandIn> {
  const authority = await CertificateAuthority.make(await tempFolder(t), 'authority');
  const issued = await authority.issue({ commonName: 'localhost', names: ['DNS:localhost'] });
  const [cert, key] = await Promise.all([readFile(issued.certificate), readFile(issued.key)]);
  const uploads: UploadedCapture[] = [];
  let other: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  const make = () =>
    createServer({ cert, key }, (request, response) => {
      const answer = other;
      other = undefined;
      if (answer) answer(request, response);
      else void take(request, response, uploads);
    });
  const port = await freePort();
  let server = make();
  await listen(server, port);
  const stop = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  t.after(async () => {
    if (server.listening) await stop();
  });
  return {
    ...{ port, ca: authority.file, token: TOKEN, uploads, stop },
    next: (answer) => {
      other = answer;
    },
    restart: async () => {
      server = make();
      await listen(server, port);
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  uploads: UploadedCapture[],
): Promise<void> {
  const refuse = (status: number, exception: string) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status, exceptions: [exception] }));
  };
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const boundary = /boundary=(.+)$/.exec(request.headers['content-type'] ?? '')?.[1] ?? '';
  const fields = fieldsOf(Buffer.concat(chunks), boundary);
  const file = fields.find(({ name }) => name === 'file');
  if (request.method !== 'POST') {
    refuse(405, 'Method not allowed');
    return;
  }
  if (request.url !== `/api/v1/${TOKEN}/upload`) {
    refuse(403, 'Invalid API token');
    return;
  }
  if (!file) {
    refuse(422, 'No file was given');
    return;
  }
  const tags = fields.find(({ name }) => name === 'additional_tags')?.bytes.toString() ?? '';
  uploads.push({ filename: file.filename, bytes: file.bytes, tags });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ filename: file.filename, id: `c${uploads.length}` }));
}

function fieldsOf(
  body: Buffer,
  boundary: string,
): { name: string; filename: string; bytes: Buffer }[] {
  const delimiter = Buffer.from(`--${boundary}`);
  const fields = [];
  for (let at = body.indexOf(delimiter); ;) {
    const begin = at + delimiter.length + 2;
    const end = body.indexOf(delimiter, begin);
    if (end === -1) return fields;
    const headersEnd = body.indexOf('\r\n\r\n', begin);
    const headers = body.subarray(begin, headersEnd).toString();
    fields.push({
      name: /; name="([^"]*)"/.exec(headers)?.[1] ?? '',
      filename: /; filename="([^"]*)"/.exec(headers)?.[1] ?? '',
      bytes: body.subarray(headersEnd + 4, end - 2),
    });
    at = end;
  }
}
