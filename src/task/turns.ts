/** Does things one after the other. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does it once all that came before is done, however that has ended. */
  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
