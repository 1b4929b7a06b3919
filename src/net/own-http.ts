import { Agent as HttpAgent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { connectOwnTo } from './own-connections.js';

/** What makes the connections of HTTP requests, and keeps them for others until it is destroyed. */
export interface HttpAgents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

type Created = (error: Error | null, socket: Duplex) => void;

/** Agents whose connections captures leave out, as those of `connectOwnTo`. */
export function ownHttpAgents(options: AgentOptions = {}): HttpAgents {
  return { http: new OwnHttpAgent(options), https: new OwnHttpsAgent(options) };
}

class OwnHttpAgent extends HttpAgent {
  override createConnection(options: ClientRequestArgs, created?: Created): undefined {
    handOver(options, (plain) => plain, created);
  }
}

class OwnHttpsAgent extends HttpsAgent {
  override createConnection(options: ClientRequestArgs, created?: Created): undefined {
    // Its certificate must be of the host that was named; the agent has checked which name it may ask for.
    handOver(options, (socket) => connectTls({ ...options, socket } as object), created);
  }
}

function handOver(
  { host, port }: ClientRequestArgs,
  dress: (plain: Socket) => Duplex,
  created: Created = () => undefined,
): void {
  connectOwnTo(host ?? 'localhost', Number(port)).then(
    (plain) => {
      plain.setNoDelay(true);
      created(null, dress(plain));
    },
    (error: unknown) => {
      created(error instanceof Error ? error : new Error(String(error)), undefined as never);
    },
  );
}
