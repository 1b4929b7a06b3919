import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { UserError, usageError, type Passing } from '../errors/user-error.js';
import { certificateProblem } from './broker-certificate.js';
import type { ClientFacts } from './client-facts.js';
import { problemOf, withoutThread, type Problem } from './connection-problem.js';
import { hideSecrets } from './secrets.js';
import { brokersOf, securityOf } from './security.js';

/** What says only that nobody answered: librdkafka's log says why. */
const NOBODY_ANSWERED =
  /broker connections are down|transport failure|timed out|resolution failure/i;
/** Nobody who was asked has answered. */
const SILENCE = /^timed out/;
const NOT_LET_IN = /authentication failure/i;
/** What Kerberos says where the KDC is missed. */
const NO_TICKET = /credentials|ticket|KDC/i;
/** librdkafka names properties like `this` where they contradict each other. */
const CONTRADICTION = /`[a-z][\w.]+`/;
const LOOK_AT_ALL =
  'check the address given with -k, that the broker runs there, and its security settings (-X)';

/** A line of librdkafka's log as node-rdkafka gives it; severities are syslog's. */
export interface LogEntry {
  readonly severity: number;
  readonly fac: string;
  readonly message: string;
}
const SEVERITY_ERROR = 3;
const LOG_COMES_WITHIN_MS = 300;
const LOOK_EVERY_MS = 10;

/** Why a start fails. node-rdkafka often knows only that it does; librdkafka's log says more, and is kept here. */
export class StartTrouble {
  readonly #facts: ClientFacts;
  readonly #brokers: string;
  readonly #noTicket: UserError | undefined;
  readonly #log: Logger;
  #lastError: string | undefined;
  #lastDisconnect: string | undefined;

  /** @param noTicket why there may be no Kerberos ticket */
  constructor(facts: ClientFacts, noTicket: UserError | undefined, log: Logger) {
    this.#facts = facts;
    this.#brokers = brokersOf(facts.properties);
    this.#noTicket = noTicket;
    this.#log = log;
  }

  note({ fac, severity, message }: LogEntry): void {
    const text = withoutThread(hideSecrets(message, this.#facts.properties));
    this.#log.debug(`librdkafka: ${fac}: ${text}`);
    // `BROKER/ID: what happened (after N ms in state …)`
    if (severity <= SEVERITY_ERROR) this.#lastError = text;
    else if (fac === 'FAIL') this.#lastDisconnect = text;
  }

  /** A broker has answered: what was said of those to begin with is no cause of what comes. */
  connected(): void {
    if (isOfBootstrap(this.#lastError)) this.#lastError = undefined;
    if (isOfBootstrap(this.#lastDisconnect)) this.#lastDisconnect = undefined;
  }

  /** The error that says why `what` failed, where node-rdkafka says `message`. */
  async failure(what: string, message: string): Promise<UserError> {
    const text = hideSecrets(message, this.#facts.properties);
    if (CONTRADICTION.test(text))
      return usageError(
        'properties (-X)',
        text.replace(/`(\S+?)` ?/g, '$1 ').trimEnd(),
        'change or leave out one',
      );
    const saysLittle = NOBODY_ANSWERED.test(text) || NOT_LET_IN.test(text);
    const said = saysLittle ? ((await this.#heard()) ?? this.#silence(text)) : text;
    if (this.#noTicket && NO_TICKET.test(said)) return this.#noTicket;
    const { cause, remedy, passes } = await this.#problem(said);
    return new UserError(what, withoutAddress(cause, this.#brokers), {
      remedy: remedy ?? LOOK_AT_ALL,
      passes: passes ?? passingOf(said),
    });
  }

  /** The last that the log said of a broker. It comes from another thread than the failure, and may come after it. */
  async #heard(): Promise<string | undefined> {
    const giveUpAt = performance.now() + LOG_COMES_WITHIN_MS;
    while (this.#said === undefined && performance.now() < giveUpAt) await delay(LOOK_EVERY_MS);
    return this.#said;
  }

  get #said(): string | undefined {
    return this.#lastError ?? this.#lastDisconnect;
  }

  async #problem(said: string): Promise<Problem> {
    const address = /certificate verify failed/.test(said) ? addressIn(said) : undefined;
    const certificate =
      address === undefined ? undefined : await certificateProblem(address, this.#facts.properties);
    return certificate ?? problemOf(said, this.#facts);
  }

  /** What it means that nothing at all was heard. */
  #silence(text: string): string {
    return securityOf(this.#facts.properties).mechanism === 'GSSAPI'
      ? `${text}: no answer from the broker, or from the KDC`
      : text;
  }
}

/** Whether it may pass that nobody answered, where no cause is known. */
function passingOf(said: string): Passing | undefined {
  if (SILENCE.test(said)) return 'away';
  return NOBODY_ANSWERED.test(said) ? 'later' : undefined;
}

/** librdkafka's `PROTOCOL://HOST:PORT/ID: what happened`. */
const BROKER = /^(?:\w+:\/\/)?([^/ ]+:\d+)\/(\w+): /;

function addressIn(text: string): string | undefined {
  return BROKER.exec(text)?.[1];
}

function isOfBootstrap(text = ''): boolean {
  return BROKER.exec(text)?.[2] === 'bootstrap';
}

/** The address is said once. */
function withoutAddress(text: string, brokers: string): string {
  return text.replace(BROKER, (_, address: string) => (address === brokers ? '' : `${address}: `));
}
