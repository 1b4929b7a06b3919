import { isSecret } from '../kafka/properties.js';

/**
 * Hides the values of secret properties where everybody can see this process's command line (ps). It can be seen as it
 * was given until this is called; -X @FILE shows nothing at any time.
 */
export function hideSecretsInTitle(argv: readonly string[]): void {
  const shown = argv.map(withoutSecret);
  if (shown.some((word, index) => word !== argv[index]))
    process.title = ['kcap', ...shown].join(' ');
}

/** A word of the command line, `NAME=VALUE`, `-XNAME=VALUE` or `--kafka-config=NAME=VALUE`, with a secret value hidden. */
export function withoutSecret(word: string): string {
  const [, start, name] = /^((?:-X=?|--kafka-config=)?([\w.]+)=)./.exec(word) ?? [];
  return start !== undefined && name !== undefined && isSecret(name) ? `${start}***` : word;
}
