import { isSecret } from '../kafka/secrets.js';

/**
 * Hides the values of secret properties where everybody can see this process's command line (ps). It can be seen as it
 * was given until this is called; -X @FILE shows nothing at any time.
 */
export function hideSecretsInTitle(argv: readonly string[]): void {
  const shown = argv.map(withoutSecret);
  if (shown.some((word, index) => word !== argv[index]))
    process.title = ['kcap', ...shown].join(' ');
}

/**
 * A word of the command line without what follows the name of a secret property, however the word is joined:
 * `NAME=VALUE`, `-XNAME=VALUE`, `-pX=NAME=VALUE`, `--kafka-config=NAME=VALUE`.
 */
export function withoutSecret(word: string): string {
  for (const { 0: start, 1: name = '', index } of word.matchAll(/([\w.]+)=/g))
    if (isSecret(name) && index + start.length < word.length)
      return `${word.slice(0, index + start.length)}***`;
  return word;
}
