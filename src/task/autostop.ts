import type { Logger } from 'pino';
import type { FileSize } from '../pcap/file-size.js';
import { Alarm } from '../pipeline/alarm.js';
import type { Stage } from '../pipeline/contracts.js';
import type { Stop } from '../pipeline/stop.js';
import { Arrivals } from '../stages/arrivals.js';
import { Limit } from '../stages/limit.js';
import { SizeLimit } from '../stages/size-limit.js';

/** What ends a run by itself: whichever comes first. */
export interface AutostopConditions {
  /** From its start on. */
  readonly durationMs?: number;
  readonly packets?: number;
  /** Of the file that it writes. */
  readonly fileBytes?: number;
  /** Without any packet. */
  readonly idleMs?: number;
}

/** A condition as a task's description has it: `limits.bytes: 5000`. */
export function limitText(condition: string): string {
  const [kind = '', value = ''] = condition.split(':');
  if (kind === 'filesize') return `limits.bytes: ${Number(value) * 1000}`;
  return `limits.${kind}: ${value}${kind === 'packets' ? '' : 's'}`;
}

/** Ends a run where a condition says so, and says which. */
export class Autostop {
  /** They come after all others. */
  readonly stages: readonly Stage[];
  readonly #conditions: AutostopConditions;
  readonly #stop: Stop;
  readonly #log: Logger;
  readonly #text: (condition: string) => string;
  readonly #arrivals = new Arrivals();
  readonly #durationAlarm: Alarm;
  readonly #idleAlarm: Alarm;
  #reached: string | undefined;
  #said: string | undefined;

  /**
   * @param size of the file that it writes, where `fileBytes` limits it
   * @param text what people call a condition; by default the option -a
   */
  constructor(
    conditions: AutostopConditions,
    {
      size,
      stop,
      log,
      text = (condition) => `-a ${condition}`,
    }: {
      size: FileSize | undefined;
      stop: Stop;
      log: Logger;
      text?: (condition: string) => string;
    },
  ) {
    const { packets, fileBytes, idleMs } = conditions;
    this.#conditions = conditions;
    this.#stop = stop;
    this.#log = log;
    this.#text = text;
    this.stages = [
      ...(packets === undefined
        ? []
        : [
            new Limit(packets, () => {
              this.#reach(`packets:${packets}`);
            }),
          ]),
      ...(fileBytes === undefined || !size
        ? []
        : [
            new SizeLimit(size, fileBytes, () => {
              this.#reach(`filesize:${fileBytes / 1000}`);
            }),
          ]),
      ...(idleMs === undefined ? [] : [this.#arrivals]),
    ];
    const clock = () => performance.now();
    this.#durationAlarm = new Alarm(clock, () => {
      this.#end('duration', conditions.durationMs);
    });
    this.#idleAlarm = new Alarm(clock, () => {
      this.#endIfIdle();
    });
  }

  /** The condition that has ended the run, such as `packets:10`; undefined where none has. */
  get reached(): string | undefined {
    return this.#said;
  }

  /** The run begins. */
  begin(): void {
    const { durationMs, idleMs } = this.#conditions;
    const now = performance.now();
    if (durationMs !== undefined) this.#durationAlarm.set(now + durationMs);
    if (idleMs !== undefined) this.#idleAlarm.set(now + idleMs);
  }

  /** Packets have come to where none of its stages is. */
  noteArrival(): void {
    this.#arrivals.note();
  }

  /** The run is over. */
  end(): void {
    this.#durationAlarm.set(undefined);
    this.#idleAlarm.set(undefined);
  }

  #endIfIdle(): void {
    const { idleMs = 0 } = this.#conditions;
    const due = this.#arrivals.lastMs + idleMs;
    if (performance.now() < due) this.#idleAlarm.set(due);
    else this.#end('idle', idleMs);
  }

  #end(kind: 'duration' | 'idle', ms = 0): void {
    if (this.#stop.isEnding) return;
    this.#reached = `${kind}:${ms / 1000}`;
    this.#say(this.#reached);
    this.#stop.request();
  }

  /** Where one batch reaches several, the last stage has let the fewest packets pass. */
  #reach(condition: string): void {
    if (this.#reached === undefined)
      queueMicrotask(() => {
        this.#say(this.#reached);
      });
    this.#reached = condition;
  }

  #say(condition = ''): void {
    if (this.#stop.isEnding) return;
    this.#said = condition;
    this.#log.info(
      { event: 'autostop', condition },
      `stopping: ${this.#text(condition)} is reached`,
    );
  }
}
