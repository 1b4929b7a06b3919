import type { Logger } from 'pino';
import { messageOf } from '../../errors/user-error.js';
import type { Account } from '../../pipeline/account.js';
import { openInScope, type Scope } from '../../pipeline/scope.js';
import { Stop } from '../../pipeline/stop.js';
import { summarize } from '../../pipeline/summary.js';
import { openShortCapture, type ShortCapture } from '../../task/short-capture.js';
import type { UploadResult, Uploads } from '../../uploads/uploads.js';
import { CaptureLog, type TriggerSource } from './capture-log.js';
import { translateMessage, type MessageContext } from './capture-message.js';
import { memoryOf, whyNoRoom, type CaptureMemory } from './capture-memory.js';
import { CaptureNames } from './capture-name.js';
import type { CaptureRequest } from './capture-request.js';
import type { CaptureResult, MessageAnswer, TakenMessage } from './capture-result.js';
import { LogLines } from './log-lines.js';
import { CaptureTurns } from './capture-turns.js';

/** What messages are translated with; a reload may change it. */
export interface CaptureSettings extends MessageContext {
  readonly format: 'pcap' | 'pcapng';
  /** Of the kernel's ring of each capture. */
  readonly bufferMiB: number;
  /** Whether every message is logged as it came, and every captured packet as a line. */
  readonly logsRequests: boolean;
  readonly logsPackets: boolean;
}

/** How many captures may wait for their turn. */
const MOST_WAITING = 100;
/** How many messages may be under way; each of them is small. */
const MOST_MESSAGES = 1000;
/** How long a stop waits for packets of the kernel's ring, and then for uploads that are under way. */
const DRAIN_MS = 2000;
const LAST_UPLOADS_MS = 5000;

const ENDED_BY: Readonly<Record<string, CaptureResult['ended_by']>> = {
  ...{ packets: 'packets', filesize: 'bytes', duration: 'duration', idle: 'timeout' },
};

/** Makes captures of messages: translates them, captures so many at once, and sends the files to their targets. */
export class Captures {
  #settings: CaptureSettings;
  readonly #uploads: Uploads;
  readonly #application: string;
  readonly #log: Logger;
  readonly #records: CaptureLog;
  readonly #memory: CaptureMemory;
  readonly #turns: CaptureTurns;
  readonly #names: CaptureNames;
  readonly #stops = new Set<Stop>();
  readonly #giveUp = new AbortController();
  readonly #working = new Set<Promise<unknown>>();
  #closing = false;

  /**
   * @param parts.atOnce captures at the same time; each has its turn until its file has been sent or kept, so that this
   * and `memory` bound what they take
   * @param parts.application who captures, as a pcapng file says it
   */
  constructor(
    settings: CaptureSettings,
    parts: {
      readonly atOnce: number;
      readonly memory: CaptureMemory;
      readonly uploads: Uploads;
      readonly application: string;
      readonly log: Logger;
    },
  ) {
    this.#settings = settings;
    this.#uploads = parts.uploads;
    this.#application = parts.application;
    this.#log = parts.log;
    this.#records = new CaptureLog(parts.log);
    this.#memory = parts.memory;
    this.#turns = new CaptureTurns(parts.atOnce, parts.memory.leftBytes);
    this.#names = new CaptureNames(settings.host);
  }

  /** Messages are translated with these from now on; captures go on. */
  update(settings: CaptureSettings): void {
    this.#settings = settings;
    this.look();
  }

  /** What captures may take that have their turn: the kernel's rings, and their files up to their bounds. */
  get memoryBytes(): number {
    return this.#turns.heldBytes;
  }

  /** Called when there may be more memory than before. */
  look(): void {
    this.#turns.look();
  }

  /** How many captures of each source had each result, and how many messages were `refused`. */
  counts(): ReturnType<CaptureLog['counts']> {
    return this.#records.counts();
  }

  /** Takes a message, whatever is in it. */
  take(source: TriggerSource, text: string): TakenMessage {
    let takenUp: (all: boolean) => void = () => undefined;
    const isTakenUp = new Promise<boolean>((resolve) => (takenUp = resolve));
    const answer = this.#answer(source, text, takenUp).catch((error: unknown) => {
      this.#records.bug(source, error);
      return { captures: [], refused: [`a bug in kcap: ${messageOf(error)}`], for_others: 0 };
    });
    this.#working.add(answer);
    void answer.finally(() => this.#working.delete(answer));
    return { takenUp: isTakenUp, answer };
  }

  /** Ends the captures that run with what they have, and sends or keeps it; those that wait are not made. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#turns.leaveAll();
    for (const stop of this.#stops) stop.request();
    const late = setTimeout(() => {
      this.#giveUp.abort();
    }, DRAIN_MS + LAST_UPLOADS_MS);
    await Promise.allSettled([...this.#working]);
    clearTimeout(late);
  }

  async #answer(
    source: TriggerSource,
    text: string,
    takenUp: (all: boolean) => void,
  ): Promise<MessageAnswer> {
    try {
      if (this.#working.size >= MOST_MESSAGES)
        return this.#refused(source, [`${MOST_MESSAGES} messages are under way`]);
      const { requests, refusals, forOthers, unknown, logsRequest } = await translateMessage(
        text,
        this.#settings,
      );
      if (logsRequest || this.#settings.logsRequests) this.#records.message(source, text);
      if (unknown.length > 0) this.#records.ignored(source, unknown);
      const fitting = requests.filter((request) => this.#turns.mayFit(this.#memoryOf(request)));
      const admitted = this.#admitted(fitting);
      const refused = [
        ...refusals,
        ...requests
          .filter((request) => !fitting.includes(request))
          .map((request) => `${request.interface}: ${this.#whyNoRoom(request)}`),
        ...fitting
          .slice(admitted.length)
          .map(({ interface: name }) => `${name}: ${this.#whyNoTurn()}`),
      ];
      const begun: Promise<boolean>[] = [];
      const captures = admitted.map((request) => {
        let begin: (isBegun: boolean) => void = () => undefined;
        begun.push(new Promise<boolean>((resolve) => (begin = resolve)));
        return this.#inTurn(source, request, begin);
      });
      void Promise.all(begun).then((all) => {
        takenUp(all.every(Boolean));
      });
      const answer = this.#refused(source, refused);
      return { ...answer, captures: await Promise.all(captures), for_others: forOthers };
    } finally {
      // Without a capture, there is nothing to wait for.
      takenUp(true);
    }
  }

  /** Those of the captures that may wait, or need not. */
  #admitted(requests: readonly CaptureRequest[]): readonly CaptureRequest[] {
    if (this.#closing) return [];
    return requests.slice(0, Math.max(0, MOST_WAITING - this.#turns.waiting));
  }

  #whyNoTurn(): string {
    return this.#closing ? 'the agent stops' : `${MOST_WAITING} captures wait already`;
  }

  #memoryOf({ limits }: CaptureRequest): number {
    return memoryOf(limits, this.#settings.bufferMiB);
  }

  #whyNoRoom({ limits }: CaptureRequest): string {
    return whyNoRoom(limits, this.#settings.bufferMiB, this.#memory);
  }

  #refused(source: TriggerSource, refused: readonly string[]): MessageAnswer {
    for (const problem of refused) this.#records.refused(source, problem);
    return { captures: [], refused, for_others: 0 };
  }

  async #inTurn(
    source: TriggerSource,
    request: CaptureRequest,
    begin: (isBegun: boolean) => void,
  ): Promise<CaptureResult> {
    const bytes = this.#memoryOf(request);
    const turn = await this.#turns.take(bytes);
    begin(turn !== 'left');
    if (turn === 'left')
      return this.#failed(source, request, 'the agent stopped before there was a turn for it');
    if (turn === 'no room') return this.#failed(source, request, this.#whyNoRoom(request));
    const stop = new Stop(DRAIN_MS);
    this.#stops.add(stop);
    try {
      return await this.#capture(source, request, stop);
    } catch (error) {
      return this.#failed(source, request, messageOf(error));
    } finally {
      stop.clear();
      this.#stops.delete(stop);
      this.#turns.giveBack(bytes);
    }
  }

  async #capture(
    source: TriggerSource,
    request: CaptureRequest,
    stop: Stop,
  ): Promise<CaptureResult> {
    const { opened } = await openInScope((scope) => this.#open(request, stop, scope));
    const { run, autostop, interface: name } = opened;
    const file = this.#names.next(name, this.#settings.format);
    this.#records.started(source, { interface: name, file, filter: request.filter });
    autostop.begin();
    if (this.#closing) stop.request();
    const error = await run.run(stop).then(
      () => undefined,
      (failure: unknown) => messageOf(failure),
    );
    autostop.end();
    const account = run.account();
    const { durationMs } = run;
    await run.close();
    const kind = /^[a-z]+/.exec(autostop.reached ?? '')?.[0] ?? '';
    const ended_by = error === undefined ? (ENDED_BY[kind] ?? 'stop') : 'error';
    const targets = await this.#send({ request, opened, file, account });
    const result: CaptureResult = {
      ...{ interface: name, result: overall(account, targets), file, tags: request.tags },
      bytes: opened.file.bytes,
      ...{ packets: account.out.packets, drops: dropsOf(account), ended_by, targets },
      ...(error !== undefined && { error }),
    };
    this.#records.ended(source, result, summarize(account, durationMs));
    return result;
  }

  #open(request: CaptureRequest, stop: Stop, scope: Scope): Promise<ShortCapture> {
    const { format, bufferMiB, logsPackets } = this.#settings;
    const { packets, bytes, durationMs, idleMs } = request.limits;
    const print = { verbose: false, dump: 'none', colours: false } as const;
    return openShortCapture(
      {
        ...{ interface: request.interface, filter: request.filter },
        ...{ snapLength: request.snapLength, bufferMiB, format, application: this.#application },
        limits: { packets, fileBytes: bytes, durationMs, idleMs },
        print: logsPackets || request.logsPackets ? print : undefined,
      },
      scope,
      {
        openOutput: () => new LogLines(this.#log),
        stop,
        // What a run says in the foreground stands in the record of its end.
        log: this.#log.child({}, { level: 'warn' }),
      },
    );
  }

  /** A capture of no packet goes nowhere. */
  async #send(capture: {
    readonly request: CaptureRequest;
    readonly opened: ShortCapture;
    readonly file: string;
    readonly account: Account;
  }): Promise<UploadResult[]> {
    const { request, opened, file: name, account } = capture;
    if (account.out.packets === 0) return [];
    const { tags, s3 } = request;
    const { chunks } = opened.file;
    return this.#uploads.send({ name, chunks, tags, s3 }, this.#giveUp.signal);
  }

  #failed(
    source: TriggerSource,
    { interface: name }: CaptureRequest,
    error: string,
  ): CaptureResult {
    const [line = ''] = error.split('\n');
    const result: CaptureResult = { interface: name, result: 'failed', error: line };
    this.#records.failed(source, result);
    return result;
  }
}

function overall(account: Account, targets: readonly UploadResult[]): CaptureResult['result'] {
  if (account.out.packets === 0) return 'empty';
  const some = (result: UploadResult['result']) =>
    targets.some((target) => target.result === result);
  if (some('lost')) return 'lost';
  return some('kept') ? 'kept' : 'sent';
}

function dropsOf({ beside }: Account): { kernel: number; interface: number } {
  return { kernel: beside.dropped_kernel ?? 0, interface: beside.dropped_interface ?? 0 };
}
