import { nearest } from '../errors/nearest.js';
import { messageOf } from '../errors/user-error.js';
import { LanguageError } from './language-error.js';
import { compilePattern } from './pattern.js';
import { PLAN_FUNCTIONS } from './plan-functions.js';
import {
  type PlanCall,
  type PlanCondition,
  type PlanStatement,
  readPlan,
} from './plan-statement.js';
import { firstWord, type PlanToken } from './plan-tokens.js';
import type { SipFilter } from './sip-filter.js';

/** Whether a text is a capture plan by how it begins: comments, then `capture`. */
export function isCapturePlan(text: string): boolean {
  return firstWord(text) === 'capture';
}

/**
 * Compiles captagent's capture plan to a filter: it wants the messages that the plan sends before it drops them or ends.
 *
 *     capture[pcap] {
 *       if(msg_check("size", "100") && parse_sip()) {
 *         if(sip_check("rmethod", "OPTIONS")) { drop; }
 *         if(!send_hep("hepsocket")) { clog("ERROR", "Error sending HEP!"); }
 *       }
 *       drop;
 *     }
 *
 * What else it does has no effect beyond that, so nothing runs after a message has been sent.
 *
 * @throws LanguageError
 */
export async function compileCapturePlan(text: string): Promise<SipFilter> {
  const statements = readPlan(text);
  return new PlanCompiler(text).plan(statements);
}

/** Whether the plan goes on behind a statement. */
type Step = SipFilter;

class PlanCompiler {
  readonly #text: string;
  /** Where messages go, once one does. */
  #place: PlanToken | undefined;
  /** Of the message at hand. */
  #isSent = false;

  constructor(text: string) {
    this.#text = text;
  }

  async plan(statements: readonly PlanStatement[]): Promise<SipFilter> {
    const run = await this.#steps(statements);
    if (!this.#place)
      throw this.#error('this plan sends nothing: expected send_hep("NAME") somewhere', 0);
    return (message, passage) => {
      this.#isSent = false;
      run(message, passage);
      return this.#isSent;
    };
  }

  async #steps(statements: readonly PlanStatement[]): Promise<Step> {
    const steps: Step[] = [];
    for (const statement of statements) steps.push(await this.#step(statement));
    return allOf(steps);
  }

  async #step(statement: PlanStatement): Promise<Step> {
    switch (statement.kind) {
      case 'drop':
        return () => false;
      case 'call': {
        const call = this.#call(statement.call);
        return (message, passage) => {
          call(message, passage);
          return !this.#isSent;
        };
      }
      case 'if': {
        const condition = await this.#condition(statement.condition);
        const then = await this.#steps(statement.then);
        const otherwise = await this.#steps(statement.otherwise);
        return (message, passage) => {
          const holds = condition(message, passage);
          if (this.#isSent) return false;
          return holds ? then(message, passage) : otherwise(message, passage);
        };
      }
    }
  }

  async #condition(condition: PlanCondition): Promise<SipFilter> {
    switch (condition.kind) {
      case 'constant':
        return () => condition.holds;
      case 'call':
        return this.#call(condition.call);
      case 'method':
        return this.#method(condition.operator, condition.value);
      case 'not': {
        const of = await this.#condition(condition.of);
        return (message, passage) => !of(message, passage);
      }
      case 'and':
      case 'or': {
        const tests: SipFilter[] = [];
        for (const of of condition.of) tests.push(await this.#condition(of));
        return condition.kind === 'and' ? allOf(tests) : anyOf(tests);
      }
    }
  }

  async #method(operator: '==' | '=~', value: PlanToken): Promise<SipFilter> {
    const expression = operator === '==' ? `^${literal(value.text)}$` : value.text;
    try {
      const pattern = await compilePattern(expression);
      return ({ isRequest, bytes, method }) =>
        isRequest && pattern(bytes, method.start, method.end);
    } catch (error) {
      throw this.#error(`not a regular expression: ${messageOf(error)}`, value.at);
    }
  }

  #call(call: PlanCall): SipFilter {
    const { name, at } = call;
    const known = Object.hasOwn(PLAN_FUNCTIONS, name) ? PLAN_FUNCTIONS[name] : undefined;
    if (!known) throw this.#error(`there is no function ${name}${meant(name)}`, at);
    if ('refused' in known) throw this.#error(`${name}: ${known.refused}`, at);
    if ('sends' in known) return this.#send(call);
    if ('takes' in known) {
      this.#count(call, known.takes);
      return known.test(...call.arguments.map(({ text }) => text));
    }
    this.#count(call, 2);
    const [what, value] = call.arguments as [PlanToken, PlanToken];
    const names = Object.keys(known.choices);
    const choice = Object.hasOwn(known.choices, what.text) ? known.choices[what.text] : undefined;
    if (!choice) {
      const near = nearest(what.text, names);
      const expected =
        near === undefined ? `expected one of ${names.join(', ')}` : `did you mean ${near}?`;
      throw this.#error(`${name} knows no "${what.text}": ${expected}`, what.at);
    }
    if (known.numbers.has(what.text) && !/^\d{1,9}$/.test(value.text))
      throw this.#error(`expected a number, found "${value.text}"`, value.at);
    return choice(value.text);
  }

  #send(call: PlanCall): SipFilter {
    this.#count(call, 1);
    const [place] = call.arguments as [PlanToken];
    this.#place ??= place;
    if (place.text !== this.#place.text)
      throw this.#error(
        `a plan sends to one place: found "${place.text}" besides "${this.#place.text}"\nmake a task of each`,
        place.at,
      );
    return () => {
      this.#isSent = true;
      return true;
    };
  }

  #count(call: PlanCall, most: number): void {
    const { length } = call.arguments;
    if (length === most) return;
    const texts = ['nothing', 'a text', 'two texts'][most] ?? '';
    const extra = call.arguments[most];
    throw this.#error(`${call.name} takes ${texts}, found ${length}`, extra?.at ?? call.end);
  }

  #error(cause: string, at: number): LanguageError {
    return new LanguageError(cause, this.#text, at);
  }
}

function allOf(tests: readonly SipFilter[]): SipFilter {
  return (message, passage) => {
    for (const test of tests) if (!test(message, passage)) return false;
    return true;
  };
}

function anyOf(tests: readonly SipFilter[]): SipFilter {
  return (message, passage) => {
    for (const test of tests) if (test(message, passage)) return true;
    return false;
  };
}

function meant(name: string): string {
  const near = nearest(name, Object.keys(PLAN_FUNCTIONS));
  return near === undefined ? '' : `: did you mean ${near}?`;
}

function literal(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`);
}
