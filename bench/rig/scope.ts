import type { TestContext } from 'node:test';

/** What has to be undone when a part of the benchmark is over, in reverse order, whatever happened. */
export class Scope {
  readonly #undo: (() => unknown)[] = [];

  after(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  async end(): Promise<void> {
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) {
      try {
        await undo();
      } catch (error) {
        // The rest is still to be undone, and what went wrong before is what is to be reported.
        console.error(`bench: clean-up: ${String(error)}`);
      }
    }
  }

  /** The tests' rigs want a test that they can tell what to undo; that is all they want of it. */
  get asTest(): TestContext {
    return this as unknown as TestContext;
  }
}

/** Lends a scope, and undoes what was left in it. */
export async function inScope<T>(use: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new Scope();
  try {
    return await use(scope);
  } finally {
    await scope.end();
  }
}
