import { addon } from '../addon/addon.js';
import type { NativeBroker } from '../addon/kafka.js';
import { codeOf, messageOf, UserError } from '../errors/user-error.js';
import { threadError } from './client-threads.js';

/** A Kafka for trying things out: librdkafka's mock cluster. Its topics live in memory and keep some MiB each. */
export class InMemoryBroker {
  readonly #native: NativeBroker;

  /** Listens on a loopback port; 0 lets the system choose one. */
  constructor(port: number) {
    try {
      this.#native = new addon.InMemoryBroker(port);
    } catch (error) {
      const cause = messageOf(error);
      if (codeOf(error) !== 'PORT')
        throw threadError('in-memory broker', cause) ?? new UserError('in-memory broker', cause);
      throw new UserError(`broker on port ${port}`, cause, {
        remedy: 'choose another one with --port',
      });
    }
  }

  /** Where clients find it. */
  get address(): string {
    return `127.0.0.1:${this.#native.port()}`;
  }

  createTopic(name: string, partitions: number): void {
    try {
      this.#native.createTopic(name, partitions);
    } catch (error) {
      throw new UserError(`topic ${name}`, messageOf(error));
    }
  }

  close(): void {
    this.#native.close();
  }
}
