/** Does things one after the other. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Does it once all that came before is done, however that has ended. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
