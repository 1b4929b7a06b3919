/** What a message says of its call, for those who see the call's media but not the message. Packets' times, in s. */
export type CallNote =
  | {
      readonly kind: 'describe';
      readonly callId: string;
      readonly description: string;
      readonly seconds: number;
    }
  | { readonly kind: 'answer'; readonly callId: string }
  | { readonly kind: 'refuse' | 'end'; readonly callId: string; readonly seconds: number };

/** Shares what is known of calls among several that see the packets of some flows each. */
export class CallExchange {
  readonly #give: (notes: readonly CallNote[]) => void;
  #noted: CallNote[] = [];
  #learn: (note: CallNote) => void = () => undefined;

  /** @param give tells the others */
  constructor(give: (notes: readonly CallNote[]) => void) {
    this.#give = give;
  }

  /** Calls `learn` with each note of the others. */
  onNote(learn: (note: CallNote) => void): void {
    this.#learn = learn;
  }

  note(note: CallNote): void {
    this.#noted.push(note);
  }

  /** Tells the others what has been noted. */
  flush(): void {
    if (this.#noted.length === 0) return;
    this.#give(this.#noted);
    this.#noted = [];
  }

  /** Others have noted something. */
  hear(notes: readonly CallNote[]): void {
    for (const note of notes) this.#learn(note);
  }
}
