import { nearest } from '../../errors/nearest.js';

/** Control characters, and halves of characters that no encoding has. */
const UNPRINTABLE = /[\p{Control}\p{Surrogate}]/u;

/**
 * The fields of a capture message. Publishers were written for pcapdaemon's decoder, which is Go's: names may be in any
 * case, and null, 0, false, "" and [] are the same as nothing. What has the wrong type is a problem; all problems are
 * collected, so that one answer names them all.
 */
export class MessageFields {
  /** Each begins with the field's name. */
  readonly problems: string[] = [];
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(message: object) {
    this.#values = new Map(
      Object.entries(message).map(([name, value]) => [name.toLowerCase(), value]),
    );
  }

  /** A text of at most so many characters; empty where there is none. */
  text(name: string, mostCharacters: number): string {
    const value = this.#values.get(name) ?? '';
    if (typeof value !== 'string') return this.#refuse(name, 'not a text', '');
    if (UNPRINTABLE.test(value))
      return this.#refuse(name, 'control characters are not allowed', '');
    return value.length > mostCharacters
      ? this.#refuse(name, `longer than ${mostCharacters} characters`, '')
      : value;
  }

  /** A list of names, each of at most so many characters; empty where there is none. */
  names(name: string, { most, characters }: { most: number; characters: number }): string[] {
    const value = this.#values.get(name) ?? [];
    if (!Array.isArray(value)) return this.#refuse(name, 'not a list of names', []);
    if (value.length > most) return this.#refuse(name, `more than ${most} names`, []);
    const isName = (entry: unknown) =>
      typeof entry === 'string' && /^[^/\s]+$/.test(entry) && !UNPRINTABLE.test(entry);
    if (!value.every(isName)) return this.#refuse(name, 'not a list of names', []);
    const names = value as string[];
    return names.some((entry) => entry.length > characters)
      ? this.#refuse(name, `a name longer than ${characters} characters`, [])
      : [...new Set(names)];
  }

  /** A whole number that is not negative; 0 where there is none. */
  count(name: string): number {
    const value = this.integer(name);
    return value < 0 ? this.#refuse(name, 'less than 0', 0) : value;
  }

  /** A whole number; 0 where there is none. */
  integer(name: string): number {
    const value = this.#values.get(name) ?? 0;
    return typeof value === 'number' && Number.isSafeInteger(value)
      ? value
      : this.#refuse(name, 'not a whole number', 0);
  }

  flag(name: string): boolean {
    const value = this.#values.get(name) ?? false;
    return typeof value === 'boolean' ? value : this.#refuse(name, 'not true or false', false);
  }

  /** Notes a problem of a field where there is one. */
  check(name: string, problem: string | undefined): void {
    if (problem !== undefined) this.problems.push(`${name}: ${problem}`);
  }

  /** Fields that are none of these, a few at most, each with what may have been meant. */
  unknown(known: readonly string[]): string[] {
    const unknown = [...this.#values.keys()].filter((name) => !known.includes(name)).slice(0, 5);
    return unknown.map((name) => {
      const shown = name.length > 40 ? `${name.slice(0, 40)}…` : name;
      const meant = name.length > 40 ? undefined : nearest(name, known);
      return meant === undefined ? shown : `${shown} (did you mean ${meant}?)`;
    });
  }

  #refuse<Value>(name: string, problem: string, instead: Value): Value {
    this.check(name, problem);
    return instead;
  }
}
