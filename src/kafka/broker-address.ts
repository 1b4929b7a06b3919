import { usageError } from '../errors/user-error.js';

const EXAMPLE = 'for example -k kafka1:9092,kafka2:9092';
const MAX_PORT = 65_535;

/** The security.protocol that a scheme in front of an address may have meant. */
const PROTOCOLS: ReadonlySet<string> = new Set(['ssl', 'sasl_plaintext', 'sasl_ssl']);

/**
 * A list of brokers, HOST[:PORT] separated by commas; throws a usage error about `where` for anything else. librdkafka
 * leaves out what it can't read, and waits for brokers that it does not have.
 */
export function checkBrokers(where: string, brokers: string): void {
  const addresses = brokers.split(/[,\s]+/).filter((address) => address !== '');
  if (addresses.length === 0 && brokers !== '') throw usageError(where, 'no broker in it', EXAMPLE);
  for (const address of addresses) checkAddress(where, address);
}

function checkAddress(where: string, address: string): void {
  const what = where.startsWith('-k') ? `-k ${address}` : `${where}: ${address}`;
  const [, scheme, rest = ''] = /^(\w[\w+.-]*):\/\/(.*)$/.exec(address) ?? [];
  if (scheme !== undefined)
    throw usageError(
      what,
      `a broker's address has no scheme (${scheme}://)`,
      `write ${rest.replace(/\/.*$/, '')}${protocolFor(scheme)}`,
    );
  const [, host, port] = /^(\[[\da-f:.%\w]+\]|[^\s:[\]/@]+)(?::(.*))?$/i.exec(address) ?? [];
  // An IPv6 address without brackets and port; librdkafka takes it.
  if (host === undefined && /^[\da-f:.]*:[\da-f:.]*:[\da-f:.]*$/i.test(address)) return;
  if (host === undefined) throw usageError(what, 'not of the form HOST:PORT', EXAMPLE);
  if (port !== undefined && !(/^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= MAX_PORT))
    throw usageError(what, `the port is not a number from 1 to ${MAX_PORT}`, EXAMPLE);
}

function protocolFor(scheme: string): string {
  const protocol = scheme.toLowerCase();
  return PROTOCOLS.has(protocol) ? ` and -X security.protocol=${protocol.toUpperCase()}` : '';
}
