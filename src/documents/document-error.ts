import { markedLine } from '../errors/marked-line.js';
import { UserError } from '../errors/user-error.js';
import type { Document, Place } from './document.js';

/** What is wrong with a document, at one place. */
export interface Fault extends Place {
  readonly cause: string;
  readonly remedy: string | undefined;
}

/** A line that may hold a secret is not shown. */
const SECRET = /pass|secret|token|auth|key|credential|sasl|\burl\b|:\/\/[^/\s]*@/i;

/** A document that is not what it should be. */
export class DocumentError extends UserError {
  /** Each of its faults as an error of its own. */
  readonly each: readonly UserError[];

  constructor(
    { name, text }: Pick<Document, 'name' | 'text'>,
    faults: readonly [Fault, ...Fault[]],
  ) {
    const [first, ...others] = faults;
    const remedies = [
      remedyOf(first, text),
      ...(others.length > 0 ? [`and ${others.length} more: kcap validate shows them all`] : []),
    ].filter((remedy) => remedy !== undefined);
    super(placeText(name, first), first.cause, {
      remedy: remedies.length > 0 ? remedies.join('\n') : undefined,
      exitStatus: 2,
    });
    this.name = 'DocumentError';
    this.each = faults.map(
      (fault) =>
        new UserError(placeText(name, fault), fault.cause, {
          remedy: remedyOf(fault, text),
          exitStatus: 2,
        }),
    );
  }
}

/** A place in a document, as people write it. */
export function placeText(name: string, { where, position }: Place): string {
  const at = position ? `, line ${position.line}, column ${position.column}` : '';
  return [`${name}${at}`, where].filter((part) => part !== '').join(': ');
}

function remedyOf({ position, remedy }: Fault, text: string | undefined): string | undefined {
  const marked = position && text !== undefined ? markedLine(text, position) : undefined;
  const shown = marked !== undefined && !SECRET.test(marked) ? [marked] : [];
  const lines = [...shown, ...(remedy === undefined ? [] : [remedy])];
  return lines.length > 0 ? lines.join('\n') : undefined;
}
