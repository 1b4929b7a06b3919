/** Variables by their names, as in process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** Whether a text refers to variables. */
export function refersToEnvironment(text: string): boolean {
  return text.includes('${') && text.search(REFERENCE) >= 0;
}

/**
 * A text with `${NAME}` and `${NAME:-default}` replaced, as shells do it: the default also stands for a variable that is
 * empty. What looks otherwise stays as it is.
 *
 * @param onMissing called with the name of each variable that is not set and has no default
 */
export function withEnvironment(
  text: string,
  environment: Environment,
  onMissing: (name: string) => void,
): string {
  return text.replaceAll(REFERENCE, (_, name: string, usual: string | undefined) => {
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (usual !== undefined) return value === undefined || value === '' ? usual : value;
    if (value === undefined) onMissing(name);
    return value ?? '';
  });
}
