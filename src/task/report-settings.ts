import { nearest } from '../errors/nearest.js';
import { usageError } from '../errors/user-error.js';

/** A host and a port of it. */
export interface ReportServer {
  readonly host: string;
  readonly port: number;
}

/** Files that TLS needs. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export const TLS_SETTINGS = ['ca', 'cert', 'key'];

/** `HOST[:PORT]`, where an IPv6 address stands in brackets. @param usualPort undefined where a port has to be given */
export function parseServer(
  what: string,
  text: string,
  usualPort: number | undefined,
): ReportServer {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]@]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined)
    throw usageError(what, `'${text}' is not HOST:PORT`, 'IPv6 addresses stand in brackets');
  const port = digits === undefined ? usualPort : Number(digits);
  if (port === undefined) throw usageError(what, `${text} has no port`, `write ${text}:PORT`);
  if (port < 1 || port > 0xffff)
    throw usageError(what, `${port} is no port`, 'ports are 1 to 65535');
  return { host, port };
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
