import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { Problem } from './connection-problem.js';
import type { Properties } from './properties.js';

const LIMIT_MS = 1_500;

/**
 * What is wrong with the certificate of the broker at HOST:PORT. Where it can't be verified librdkafka says only that;
 * here the broker is asked for it once more, and looked at. Undefined where nothing can be found out.
 */
export async function certificateProblem(
  address: string,
  properties: Properties,
): Promise<Problem | undefined> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const file = properties.get('ssl.ca.location') ?? '';
  try {
    const ca = properties.get('ssl.ca.pem') ?? (file === '' ? undefined : await readFile(file));
    const socket = await shakeHands(host, Number(address.slice(colon + 1)), ca);
    try {
      return problemWith(socket, host, file);
    } finally {
      socket.destroy();
    }
  } catch {
    return undefined;
  }
}

async function shakeHands(
  host: string,
  port: number,
  ca: string | Buffer | undefined,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ...(isIP(host) === 0 && { servername: host }),
      ...(ca !== undefined && { ca }),
      // It is looked at, and nothing is sent.
      rejectUnauthorized: false,
    });
    socket.once('secureConnect', () => {
      resolve(socket);
    });
    socket.once('error', reject);
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error('no answer')));
  });
}

function problemWith(socket: TLSSocket, host: string, caFile: string): Problem | undefined {
  const certificate = socket.getPeerCertificate();
  // Node gives a code here, whatever its types say.
  switch (String(socket.authorizationError)) {
    case 'null':
    case 'undefined':
      return undefined;
    case 'CERT_HAS_EXPIRED':
      return {
        cause: `the broker's certificate expired on ${certificate.valid_to}`,
        remedy: "the broker needs a new one, unless this machine's clock is wrong",
      };
    case 'CERT_NOT_YET_VALID':
      return {
        cause: `the broker's certificate is not valid before ${certificate.valid_from}`,
        remedy: "check this machine's clock",
      };
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return {
        cause: `the broker's certificate is for ${namesIn(certificate)}, not for ${host}`,
        remedy: 'name the broker with -k as its certificate does',
      };
    default:
      return {
        cause: `the broker's certificate was signed by ${String(certificate.issuer.CN)}, ${
          caFile === '' ? 'whom this system does not know' : `which is not in ${caFile}`
        }`,
        remedy: "give that authority's own certificate: -X ssl.ca.location=FILE",
      };
  }
}

function namesIn({ subject, subjectaltname }: PeerCertificate): string {
  return subjectaltname?.replaceAll(/(DNS|IP Address):/g, '') ?? String(subject.CN);
}
