import type { RequestJournal, RequestRecord } from './request-journal.js';

/** Requests that are remembered at most, and bytes of their answers. */
const MAX_REQUESTS = 100_000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** What is known of a request that comes again. */
export type Remembered =
  | { readonly kind: 'answered'; readonly answer: string }
  /** It was answered, but there were too many answers to keep this one. */
  | { readonly kind: 'answer-forgotten' }
  /** It was begun, and the agent ended before its answer was there. */
  | { readonly kind: 'broken-off' };

interface Entry {
  readonly atMs: number;
  /** Whether it changes something, and so is on disk, too. */
  readonly lasting: boolean;
  isAnswered: boolean;
}

/**
 * The requests of a channel that may deliver a message twice: by their ids, for as long as they are valid. Those that
 * change something are also on disk, so that a restart does nothing twice.
 */
export class RequestMemory {
  #keepMs: number;
  readonly #maxRequests: number;
  readonly #maxAnswerBytes: number;
  readonly #journal: RequestJournal | undefined;
  /** In the order in which they came. */
  readonly #entries = new Map<string, Entry>();
  readonly #answers = new Map<string, string>();
  #answerBytes = 0;

  /** @param keepMs how long a request's id is remembered */
  constructor({
    keepMs,
    journal,
    maxRequests = MAX_REQUESTS,
    maxAnswerBytes = MAX_ANSWER_BYTES,
  }: {
    readonly keepMs: number;
    readonly journal?: RequestJournal | undefined;
    readonly maxRequests?: number;
    readonly maxAnswerBytes?: number;
  }) {
    this.#keepMs = keepMs;
    this.#maxRequests = maxRequests;
    this.#maxAnswerBytes = maxAnswerBytes;
    this.#journal = journal;
    for (const { id, atMs, answer } of journal?.takeRead() ?? []) {
      this.#add(id, atMs, true);
      if (answer !== undefined) this.#keepAnswer(id, answer);
    }
  }

  /** How many are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** From now on, ids are remembered for so long. */
  keepFor(ms: number): void {
    this.#keepMs = ms;
  }

  /** What is known of a request with this id; undefined if it is a new one. */
  find(id: string, nowMs: number): Remembered | undefined {
    this.#forgetOld(nowMs);
    const entry = this.#entries.get(id);
    if (!entry) return undefined;
    const answer = this.#answers.get(id);
    if (answer !== undefined) return { kind: 'answered', answer };
    return { kind: entry.isAnswered ? 'answer-forgotten' : 'broken-off' };
  }

  /** A new request is being done from now on. @param lasting whether it changes something */
  begin(id: string, nowMs: number, lasting: boolean): void {
    this.#add(id, nowMs, lasting);
    if (lasting) this.#journal?.write({ id, atMs: nowMs });
  }

  /** It was done, and answered like this. */
  answered(id: string, answer: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#keepAnswer(id, answer);
    if (!entry.lasting || !this.#journal) return;
    this.#journal.write({ id, atMs: entry.atMs, answer });
    if (this.#journal.isDue) this.#journal.rewrite(this.#records());
  }

  #add(id: string, atMs: number, lasting: boolean): void {
    this.#entries.set(id, { atMs, lasting, isAnswered: false });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxRequests) break;
      this.#forget(oldest);
    }
  }

  #keepAnswer(id: string, answer: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.isAnswered = true;
    this.#forgetAnswer(id);
    this.#answers.set(id, answer);
    this.#answerBytes += answer.length;
    for (const oldest of this.#answers.keys()) {
      if (this.#answerBytes <= this.#maxAnswerBytes) break;
      this.#forgetAnswer(oldest);
    }
  }

  #forgetOld(nowMs: number): void {
    for (const [id, { atMs }] of this.#entries) {
      if (nowMs - atMs <= this.#keepMs) break;
      this.#forget(id);
    }
  }

  #forget(id: string): void {
    this.#forgetAnswer(id);
    this.#entries.delete(id);
  }

  #forgetAnswer(id: string): void {
    this.#answerBytes -= this.#answers.get(id)?.length ?? 0;
    this.#answers.delete(id);
  }

  *#records(): Iterable<RequestRecord> {
    for (const [id, { atMs, lasting }] of this.#entries) {
      if (!lasting) continue;
      const answer = this.#answers.get(id);
      yield { id, atMs, ...(answer !== undefined && { answer }) };
    }
  }
}
