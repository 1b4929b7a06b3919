import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { systemCause } from '../errors/system-error.js';
import { UserError } from '../errors/user-error.js';
import { ControlReader, controlMessage, type ControlMessage } from './control-protocol.js';

/** The pipes between kcap and the tool bar of Wireshark's window. tshark has none. */
export class ControlPipes {
  readonly #out: number | undefined;
  readonly #in: Socket | undefined;

  /**
   * Opens them, without waiting for Wireshark to do so.
   *
   * @param toKcap path of the pipe that Wireshark writes to, its --extcap-control-in
   * @param fromKcap path of the one that it reads, its --extcap-control-out
   * @param onMessage called with what Wireshark says
   */
  constructor(
    toKcap: string | undefined,
    fromKcap: string | undefined,
    onMessage: (message: ControlMessage) => void,
  ) {
    this.#out = fromKcap === undefined ? undefined : openPipe('--extcap-control-out', fromKcap);
    if (toKcap === undefined) return;
    const reader = new ControlReader();
    const fd = openPipe('--extcap-control-in', toKcap);
    this.#in = new Socket({ fd, readable: true, writable: false });
    this.#in.on('data', (bytes) => {
      reader.read(bytes).forEach(onMessage);
    });
    this.#in.on('error', () => undefined);
    // It is no reason to go on.
    this.#in.unref();
  }

  /** Says something, unless Wireshark has not read for so long that the pipe is full. */
  send(control: number, command: number, text?: string): void {
    if (this.#out === undefined) return;
    try {
      writeSync(this.#out, controlMessage(control, command, text));
    } catch {
      // The capture matters more than what is said of it.
    }
  }

  close(): void {
    this.#in?.destroy();
    if (this.#out !== undefined) closeSync(this.#out);
  }
}

/** For both directions: so that it neither waits for the other end nor ends with it. */
function openPipe(option: string, path: string): number {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    throw new UserError(`${option} ${path}`, systemCause(error));
  }
  if (fstatSync(fd).isFIFO()) return fd;
  closeSync(fd);
  throw new UserError(`${option} ${path}`, 'it is not a named pipe', {
    remedy: 'Wireshark makes one: leave the option to it',
  });
}
