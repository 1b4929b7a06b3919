import { nearest } from '../errors/nearest.js';
import { usageError } from '../errors/user-error.js';
import { readHostPort, type HostPort } from '../net/host-port.js';

/** Files that TLS needs. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export const TLS_SETTINGS = ['ca', 'cert', 'key'];

/** `HOST[:PORT]`, where an IPv6 address stands in brackets. @param usualPort undefined where a port has to be given */
export function parseServer(what: string, text: string, usualPort: number | undefined): HostPort {
  const found = readHostPort(text, usualPort);
  if ('problem' in found) throw usageError(what, found.problem, found.remedy);
  return found;
}

/** What follows the question mark. */
export function parseSettings(
  what: string,
  query: string,
  allowed: readonly string[],
): Map<string, string> {
  const settings = new Map(new URLSearchParams(query));
  for (const name of settings.keys()) {
    if (allowed.includes(name)) continue;
    const meant = nearest(name, allowed);
    throw usageError(
      what,
      `${name}: no such setting`,
      meant === undefined ? `use one of: ${allowed.join(', ')}` : `did you mean ${meant}?`,
    );
  }
  return settings;
}

export function parseNumber(
  what: string,
  settings: ReadonlyMap<string, string>,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const text = settings.get(name);
  if (text === undefined) return undefined;
  const number = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(number >= least && number <= most))
    throw usageError(
      what,
      `${name}=${text} is not ${least} to ${most}`,
      `for example ${name}=${least}`,
    );
  return number;
}

export function parseTlsFiles(what: string, settings: ReadonlyMap<string, string>): TlsFiles {
  const [ca, cert, key] = TLS_SETTINGS.map((setting) => settings.get(setting));
  if ((cert === undefined) !== (key === undefined))
    throw usageError(what, 'a certificate and its key go together', 'give both cert= and key=');
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}
