import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Cause } from '../errors/cause.js';
import { messageOf } from '../errors/user-error.js';
import { underWay, withEnded, type Account } from '../pipeline/account.js';
import { MessageBatch } from '../protocols/message-batch.js';
import type { Spool } from '../spool/spool.js';
import { InTime, writtenInTime } from './in-time.js';
import { MessageRecords } from './message-records.js';
import { Patience } from './patience.js';
import { RepeatedWarnings } from './repeated-warnings.js';
import type { Reporter } from './reporter.js';
import { SipReader } from './sip-reader.js';

/** How often it is looked whether the reporter takes something again. */
const LOOK_MS = 100;
/** What is on disk is safe there: it need not fill the memory. */
const MOST_UNDER_WAY = 5000;

const failed = (id: string, text: string): Cause => ({ id, fate: 'failed', loss: true, text });
const NO_ROOM = failed('no-room-in-spool', 'failed: no room in the spool');
const TOO_LONG = failed('too-long-for-spool', 'failed: too long for the spool');
const MEDIA = failed('no-spool-for-media', 'failed: packets of media are not spooled');
const DAMAGED = failed('spool-damaged', 'failed: removed or damaged in the spool');

/**
 * A reporter with a spool: messages that it can't take in time go to disk and from there, in order, before any newer one.
 * What it has not taken until the end stays there for the next run. A file goes once all that was read of it has settled.
 */
export class SpoolingReporter implements Reporter {
  readonly name: string;
  readonly #first: Reporter;
  readonly #spool: Spool;
  readonly #inTime: InTime;
  readonly #patienceMs: number;
  readonly #warnings: RepeatedWarnings;
  readonly #records = new MessageRecords();
  readonly #reader = new SipReader({ filters: [], reassembles: false });
  readonly #messages = new MessageBatch();
  #giveUp = new AbortController().signal;
  /** Messages by what kept them from the disk, or from being read there. */
  #withoutRoom = 0;
  #tooLong = 0;
  #media = 0;
  #damaged = 0;
  /** Read from the spool so far: they are numbered. */
  #replayed = 0;
  #replaying: Promise<void> | undefined;
  #isEnding = false;

  /** @param patienceMs how long the reporter may take nothing at all of what it was given */
  constructor(
    first: Reporter,
    spool: Spool,
    { patienceMs, log }: { readonly patienceMs: number; readonly log: Logger },
  ) {
    this.name = first.name;
    this.#first = first;
    this.#spool = spool;
    this.#patienceMs = patienceMs;
    this.#inTime = new InTime(first, patienceMs);
    this.#warnings = new RepeatedWarnings(log);
    if (spool.hasFiles) {
      log.info(`${first.name}: first sending what an earlier run left in ${spool.where}`);
      this.#replay();
    }
  }

  /** It keeps what it can't send. */
  get ended(): boolean {
    return false;
  }

  get failure(): Reporter['failure'] {
    return this.#first.failure;
  }

  async write(batch: MessageBatch, giveUp: AbortSignal): Promise<void> {
    this.#giveUp = giveUp;
    if (!this.#spool.hasPackets && !giveUp.aborted && this.#inTime.takes()) {
      await writtenInTime(this.#first.write(batch, giveUp), this.#patienceMs);
      return;
    }
    if (!this.#spool.hasPackets)
      this.#warnings.say(`${this.name} takes nothing in time: messages go to ${this.#spool.where}`);
    const records = this.#records.write(batch);
    this.#tooLong += batch.count - records.count;
    this.#media += batch.media.count;
    if (records.count === 0) return;
    const isKept = await this.#spool.append(records).catch((error: unknown) => {
      this.#warnings.say(`${this.name}: ${messageOf(error)}`);
      return false;
    });
    if (!isKept) {
      this.#withoutRoom += records.count;
      this.#warnings.say(`${this.name}: ${this.#spool.where} is full (${this.#spool.shortage})`);
    }
    this.#replay();
  }

  async flush(giveUp: AbortSignal): Promise<void> {
    this.#giveUp = giveUp;
    const patience = new Patience(this.#patienceMs, giveUp);
    while (this.#spool.hasPackets && patience.holds(this.#first.account().out.packets))
      await delay(LOOK_MS);
    this.#isEnding = true;
    await this.#replaying;
    await this.#first.flush(giveUp);
    await this.#removeSettled();
    await this.#spool.leave([], { isComplete: true });
  }

  account(): Account {
    const { where, waiting, lost } = this.#spool;
    const spooled: Cause = {
      ...{ id: 'spooled', fate: 'spooled', loss: false },
      text: `wait in ${where}: the next run of the task sends them`,
    };
    const ended = [
      { cause: spooled, packets: waiting, bytes: 0 },
      { cause: NO_ROOM, packets: this.#withoutRoom, bytes: 0 },
      { cause: TOO_LONG, packets: this.#tooLong, bytes: 0 },
      { cause: MEDIA, packets: this.#media, bytes: 0 },
      { cause: DAMAGED, packets: this.#damaged + lost, bytes: 0 },
    ];
    return withEnded({ ...this.#first.account(), spool: where }, ended);
  }

  async close(): Promise<void> {
    this.#isEnding = true;
    await this.#replaying;
    await this.#first.close();
    await this.#spool.close();
  }

  #replay(): void {
    if (this.#isEnding) return;
    this.#replaying ??= this.#replayAll().finally(() => {
      this.#replaying = undefined;
    });
  }

  /** Gives the reporter what is on disk, as long as it takes it, until there is nothing any more. */
  async #replayAll(): Promise<void> {
    while (this.#spool.hasFiles && !this.#isEnding) {
      const isTaken = await this.#replayNext();
      await this.#removeSettled();
      if (!isTaken) await delay(LOOK_MS);
    }
  }

  async #replayNext(): Promise<boolean> {
    if (!this.#inTime.takes() || underWay(this.#first.account()).packets > MOST_UNDER_WAY)
      return false;
    const batch = await this.#spool.next();
    if (!batch) return false;
    const messages = this.#messages;
    messages.clear();
    this.#reader.read(batch, messages);
    this.#damaged += batch.count - messages.count;
    const first = this.#replayed + 1;
    this.#replayed += batch.count;
    // Counted as taken before it is: no message is in two counters.
    this.#spool.take(batch, batch.bytes.length, { first, last: this.#replayed });
    await this.#first.write(messages, this.#giveUp);
    return true;
  }

  /** Of what was read, all has settled where nothing is under way. */
  async #removeSettled(): Promise<void> {
    if (underWay(this.#first.account()).packets === 0)
      await this.#spool.removeSettled(this.#replayed);
  }
}
