import { createRequire } from 'node:module';

/** kcap's own version. */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('#package') as { version: string };
  return version;
}
