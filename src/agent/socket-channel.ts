import { closeSync, constants, openSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import type { Logger } from 'pino';
import { addon } from '../addon/addon.js';
import { systemError, type Place } from '../errors/system-error.js';
import { codeOf, UserError } from '../errors/user-error.js';
import type { Commands } from './commands.js';
import { SocketConnection } from './socket-connection.js';

export interface SocketOptions {
  readonly path: string;
  /** Name or number of the group that may connect beside the owner. */
  readonly group?: string | undefined;
}

/** Connections at a time; one more takes the place of the one that has been idle longest. */
const MOST_CONNECTIONS = 64;
/** How long one may ask for nothing. */
const IDLE_MS = 300_000;
const SWEEP_MS = 10_000;
/** How long answers may take to go out at the end. */
const CLOSE_MS = 500;

const OWNER_ONLY = 0o600;
const OWNER_AND_GROUP = 0o660;
/** All that it takes from whatever would be made otherwise. */
const MASK_OF_OTHERS = 0o177;
/** The kernel's name of a socket has no more room (sun_path). */
const LONGEST_PATH = 107;

const PLACE: Place = {
  named: { verb: 'name', noun: 'place' },
  use: 'write to',
  missing: 'make its folder first, or name another place (control.socket)',
};

/** Commands as JSON-RPC 2.0 on a Unix socket: a line an object, both ways. */
export class SocketChannel {
  readonly #options: SocketOptions;
  readonly #commands: Commands;
  readonly #log: Logger;
  readonly #server: Server;
  readonly #connections = new Set<SocketConnection>();
  readonly #lock: number;
  readonly #sweeping: NodeJS.Timeout;
  #closed: Promise<void> | undefined;

  private constructor(options: SocketOptions, commands: Commands, lock: number, log: Logger) {
    this.#options = options;
    this.#commands = commands;
    this.#lock = lock;
    this.#log = log;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket));
    this.#sweeping = setInterval(() => {
      this.#closeIdle();
    }, SWEEP_MS).unref();
  }

  /**
   * Listens. The socket of an agent that was killed is replaced; throws a UserError where a living one has it, or
   * something else is in its place.
   */
  static async open(
    options: SocketOptions,
    commands: Commands,
    log: Logger,
  ): Promise<SocketChannel> {
    const what = `socket ${options.path}`;
    const gid = options.group === undefined ? undefined : groupId(options.group);
    if (Buffer.byteLength(options.path) > LONGEST_PATH)
      throw new UserError(what, `its path is longer than ${LONGEST_PATH} bytes`, {
        remedy: 'name a shorter one (control.socket)',
      });
    try {
      await mkdir(path.dirname(options.path), { recursive: true, mode: 0o755 });
      const lock = lockBeside(options.path);
      try {
        await removeStale(options.path);
        const channel = new SocketChannel(options, commands, lock, log);
        await channel.#listen(gid);
        return channel;
      } catch (error) {
        closeSync(lock);
        throw error;
      }
    } catch (error) {
      throw systemError(what, error, PLACE);
    }
  }

  /** Closes all connections; commands that are under way get no answer. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#sweeping);
    // It removes the socket's file.
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const connection of this.#connections) connection.close();
    // A client that reads no answers does not hold up the end.
    const late = setTimeout(() => {
      for (const connection of this.#connections) connection.drop();
    }, CLOSE_MS);
    await closed;
    clearTimeout(late);
    closeSync(this.#lock);
  }

  async #listen(gid: number | undefined): Promise<void> {
    const listening = new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).once('listening', resolve);
    });
    // It is made in this very call; nobody else may connect before it has its mode.
    const before = process.umask(MASK_OF_OTHERS);
    try {
      this.#server.listen(this.#options.path);
    } finally {
      process.umask(before);
    }
    try {
      await listening;
      if (gid !== undefined) await chown(this.#options.path, process.geteuid?.() ?? -1, gid);
      await chmod(this.#options.path, gid === undefined ? OWNER_ONLY : OWNER_AND_GROUP);
    } catch (error) {
      clearInterval(this.#sweeping);
      this.#server.close();
      throw error;
    }
    this.#server.on('error', (error) => {
      this.#log.warn(`socket ${this.#options.path}: ${error.message}`);
    });
  }

  async #serve(socket: Socket): Promise<void> {
    // Nobody is left to tell that a connection broke; reading it ends.
    socket.on('error', () => undefined);
    if (this.#connections.size >= MOST_CONNECTIONS) this.#longestIdle()?.drop();
    const connection = new SocketConnection(socket, this.#commands);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
    await connection.serve();
  }

  /** The one that has waited longest for something to ask; of those at work only if there is no other. */
  #longestIdle(): SocketConnection | undefined {
    let [longest] = this.#connections;
    for (const connection of this.#connections)
      if ((connection.idleSinceMs ?? Infinity) < (longest?.idleSinceMs ?? Infinity))
        longest = connection;
    if (longest) this.#connections.delete(longest);
    return longest;
  }

  #closeIdle(): void {
    const before = performance.now() - IDLE_MS;
    for (const connection of this.#connections)
      if ((connection.idleSinceMs ?? Infinity) <= before) connection.drop();
  }
}

function groupId(group: string): number {
  const gid = /^\d+$/.test(group) ? Number(group) : addon.groupNamed(group);
  if (gid === undefined)
    throw new UserError(`group ${group} (control.group)`, 'no such group', {
      remedy: "'getent group' lists those that exist",
      exitStatus: 2,
    });
  return gid;
}

/** The descriptor of a file that this process has for itself while it lives. */
function lockBeside(socket: string): number {
  const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
  const lock = openSync(`${socket}.lock`, O_RDWR | O_CREAT | O_NOFOLLOW, OWNER_ONLY);
  if (addon.lockFile(lock)) return lock;
  closeSync(lock);
  throw inUse(socket);
}

function inUse(socket: string): UserError {
  return new UserError(`socket ${socket}`, 'another agent is listening there', {
    remedy: `stop it first ('kcap stop --socket ${socket}'), or give this one another (control.socket)`,
  });
}

/** Removes what a killed process has left. */
async function removeStale(socket: string): Promise<void> {
  try {
    const found = await lstat(socket);
    if (!found.isSocket())
      throw new UserError(`socket ${socket}`, 'something that is no socket is there', {
        remedy: 'remove it, or name another place (control.socket)',
      });
    if (await answers(socket)) throw inUse(socket);
    await unlink(socket);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** Whether anything listens there, be it another program. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', (error) => {
      connection.destroy();
      // Without the right to connect, one can't know that it is stale.
      resolve(codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ENOENT');
    });
  });
}
