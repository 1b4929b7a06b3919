import type { Cause } from '../errors/cause.js';
import { InFlight } from '../mqtt/in-flight.js';
import type { MqttConnection } from '../mqtt/mqtt-connection.js';
import type { Tally } from '../pipeline/account.js';
import { reporterCounts } from '../pipeline/message-summary.js';
import type { Chunk, Outlet } from './outlet.js';

const failed = (id: string, text: string): Cause => ({ id, fate: 'failed', loss: true, text });
const UNSENT = failed(
  'peer-away',
  'failed: there was no room for them at the broker until the end',
);
const UNACKNOWLEDGED = failed('not-acknowledged', 'failed: not acknowledged by the broker');
const HUNG_UP = failed('hung-up', 'failed: the broker hung up whenever it got them');

/** So many lost connections in a row without an acknowledgement are the fault of the oldest message. */
const FRUITLESS = 3;

/** Counters are published beside messages: as often, and at the end. */
interface Telemetry {
  readonly everyMs: number;
  readonly publish: (counters: object) => void;
}

/** Sends PUBLISH packets of QoS 1 to a broker. They are out once it has acknowledged them. */
export class MqttOutlet implements Outlet {
  readonly #connection: Pick<MqttConnection, 'write' | 'close'>;
  readonly #inFlight = new InFlight();
  #acknowledged = { packets: 0, bytes: 0 };
  #hungUp = { packets: 0, bytes: 0 };
  #fruitless = 0;
  readonly #telemetry: Telemetry | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Of the reporter, once it has sent something. */
  #tally: Tally | undefined;
  #onRoom: () => void = () => undefined;

  constructor(connection: Pick<MqttConnection, 'write' | 'close'>, telemetry?: Telemetry) {
    this.#connection = connection;
    this.#telemetry = telemetry;
    if (!telemetry) return;
    const publish = () => {
      this.#publishCounters();
    };
    this.#timer = setInterval(publish, telemetry.everyMs).unref();
  }

  /** To be called when there is a connection: sends again what was not acknowledged. */
  connected(): void {
    for (const packets of this.#inFlight.again()) this.#connection.write(packets);
  }

  /** To be called when the connection was lost. */
  lost(): void {
    if (this.#inFlight.count === 0 || ++this.#fruitless < FRUITLESS) return;
    this.#fruitless = 0;
    const bytes = this.#inFlight.giveUpOldest();
    if (bytes === undefined) return;
    this.#hungUp = { packets: this.#hungUp.packets + 1, bytes: this.#hungUp.bytes + bytes };
    this.#onRoom();
  }

  acknowledge(identifier: number): void {
    const bytes = this.#inFlight.acknowledge(identifier);
    if (bytes === undefined) return;
    this.#fruitless = 0;
    this.#acknowledged.packets++;
    this.#acknowledged.bytes += bytes;
    this.#onRoom();
  }

  /** Resolves when all packets are on their way; they are copied, as they may be sent again. */
  async send({ bytes, ends }: Chunk, tally: Tally, giveUp: AbortSignal): Promise<void> {
    this.#tally = tally;
    const inFlight = this.#inFlight;
    let start = 0;
    for (let first = 0; first < ends.length;) {
      const rest = ends.length - first;
      if (!(await this.#until(() => inFlight.room >= Math.min(rest, 1000), giveUp))) {
        tally.settle(UNSENT, { packets: rest, bytes: 0 });
        return;
      }
      const count = Math.min(rest, inFlight.room);
      const end = ends[first + count - 1] ?? start;
      const packets = Buffer.from(bytes.subarray(start, end));
      const from = start;
      inFlight.add(
        packets,
        ends.subarray(first, first + count).map((at) => at - from),
      );
      this.#connection.write(packets);
      first += count;
      start = end;
    }
  }

  settle(tally: Tally): void {
    tally.pass(this.#acknowledged);
    tally.settle(HUNG_UP, this.#hungUp);
    this.#acknowledged = { packets: 0, bytes: 0 };
    this.#hungUp = { packets: 0, bytes: 0 };
  }

  async flush(tally: Tally, giveUp: AbortSignal): Promise<void> {
    await this.#until(() => this.#inFlight.count === 0, giveUp);
    this.settle(tally);
    const left = { packets: 0, bytes: 0 };
    for (let bytes; (bytes = this.#inFlight.giveUpOldest()) !== undefined;) {
      left.packets++;
      left.bytes += bytes;
    }
    tally.settle(UNACKNOWLEDGED, left);
    this.#publishCounters();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#connection.close();
  }

  #publishCounters(): void {
    if (this.#tally) this.settle(this.#tally);
    this.#telemetry?.publish(reporterCounts(this.#tally?.account()));
  }

  /** Resolves once the condition holds; false where it is given up first. */
  async #until(condition: () => boolean, giveUp: AbortSignal): Promise<boolean> {
    while (!condition()) {
      if (giveUp.aborted) return false;
      await new Promise<void>((resolve) => {
        const end = () => {
          giveUp.removeEventListener('abort', end);
          this.#onRoom = () => undefined;
          resolve();
        };
        this.#onRoom = () => {
          if (condition()) end();
        };
        giveUp.addEventListener('abort', end, { once: true });
      });
    }
    return true;
  }
}
