/**
 * A question that is asked only once the last answer is older than `forMs`: until then everybody gets that one. What
 * fails is asked again at once.
 */
export function recent<T>(ask: () => Promise<T>, forMs: number): () => Promise<T> {
  let last: { readonly answer: Promise<T>; untilMs: number } | undefined;
  return () => {
    if (last && performance.now() < last.untilMs) return last.answer;
    const asked = { answer: ask(), untilMs: Infinity };
    last = asked;
    asked.answer.then(
      () => (asked.untilMs = performance.now() + forMs),
      () => (asked.untilMs = 0),
    );
    return asked.answer;
  };
}
