/** Something that holds memory, threads or descriptors until it is closed. */
export interface Closable {
  close(): Promise<void> | void;
}

/** Owns what was opened for a run, and closes it in reverse order. */
export class Scope implements Closable {
  readonly #owned: Closable[] = [];

  /** Takes over what was just opened. */
  own<Opened extends Closable>(opened: Opened): Opened {
    this.#owned.push(opened);
    return opened;
  }

  /** Closes everything, also where closing some of it fails; throws the first failure then. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let last; (last = this.#owned.pop());)
      try {
        await last.close();
      } catch (error) {
        failures.push(error);
      }
    if (failures.length > 0) throw failures[0];
  }
}

/** Opens things in a scope; where that fails half-way, what was opened is closed before the failure is thrown. */
export async function openInScope<Opened>(
  open: (scope: Scope) => Promise<Opened>,
): Promise<{ readonly opened: Opened; readonly scope: Scope }> {
  const scope = new Scope();
  try {
    return { opened: await open(scope), scope };
  } catch (error) {
    // What failed first is the cause.
    await scope.close().catch(() => undefined);
    throw error;
  }
}
