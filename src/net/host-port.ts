/** A host, a name or an address, and a port of it. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/**
 * `HOST:PORT`, with IPv6 addresses in brackets; or else what is wrong with it.
 *
 * @param usualPort the port where none is given
 */
export function readHostPort(
  text: string,
  usualPort: number | undefined,
): HostPort | { readonly problem: string; readonly remedy: string } {
  const [, bracketed, plain, digits] =
    /^(?:\[([\da-f:.%\w]+)\]|([^\s:[\]@/]+))(?::(\d+))?$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined)
    return {
      problem: `'${text}' is not HOST:PORT`,
      remedy: 'for example 10.0.0.1:9060; IPv6 addresses stand in brackets',
    };
  const port = digits === undefined ? usualPort : Number(digits);
  if (port === undefined) return { problem: `${text} has no port`, remedy: `write ${text}:PORT` };
  if (port < 1 || port > 0xffff)
    return { problem: `${port} is no port`, remedy: 'ports are 1 to 65535' };
  return { host, port };
}
