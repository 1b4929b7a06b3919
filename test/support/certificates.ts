import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { runCommand } from './run-command.js';

/** A certificate and its key, as files in PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  /** Both in one file, as Kafka's PEM key stores have them. */
  readonly both: string;
}

interface Request {
  readonly commonName: string;
  /** Host names and addresses that the certificate is for: DNS:localhost, IP:127.0.0.1 */
  readonly names?: readonly string[];
  /** Valid for ten years, or until a time that is long over. */
  readonly expired?: boolean;
}

/** A certificate authority of the test's own. */
export class CertificateAuthority {
  readonly #folder: string;
  readonly #name: string;
  /** `openssl ca` exchanges its database, which a second one must not read meanwhile. */
  #signed: Promise<void> = Promise.resolve();

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  /** Makes its key and certificate in the folder. */
  static async make(folder: string, name: string): Promise<CertificateAuthority> {
    await mkdir(path.join(folder, name), { recursive: true });
    const authority = new CertificateAuthority(path.join(folder, name), name);
    await openssl(
      ...['req', '-x509', '-nodes', '-days', '3650', '-subj', `/CN=${name}`],
      ...EC_KEY,
      ...['-keyout', authority.#file('ca.key'), '-out', authority.file],
    );
    await writeFile(authority.#file('index.txt'), '');
    await writeFile(authority.#file('ca.cnf'), authority.#config());
    return authority;
  }

  /** Its own certificate, for ssl.ca.location. */
  get file(): string {
    return this.#file('ca.pem');
  }

  async issue({ commonName, names, expired = false }: Request): Promise<Certificate> {
    const base = commonName.replaceAll(/[^\w-]/g, '_');
    const [certificate, key] = [this.#file(`${base}.pem`), this.#file(`${base}.key`)];
    const [request, extensions] = [this.#file(`${base}.csr`), this.#file(`${base}.ext`)];
    await openssl(
      ...['req', '-new', '-nodes', '-subj', `/CN=${commonName}`],
      ...EC_KEY,
      ...['-keyout', key, '-out', request],
    );
    await writeFile(extensions, names ? `subjectAltName=${names.join(',')}\n` : '\n');
    const dates = expired
      ? ['-startdate', '20200101000000Z', '-enddate', '20210101000000Z']
      : ['-days', '3650'];
    const sign = () =>
      openssl(
        ...['ca', '-batch', '-notext', '-config', this.#file('ca.cnf'), ...dates],
        ...['-extfile', extensions, '-in', request, '-out', certificate],
      );
    await (this.#signed = this.#signed.then(sign, sign));
    const both = this.#file(`${base}-both.pem`);
    await writeFile(both, `${await readFile(key, 'utf8')}${await readFile(certificate, 'utf8')}`);
    return { certificate, key, both };
  }

  #file(name: string): string {
    return path.join(this.#folder, name);
  }

  #config(): string {
    return `
[ca]
default_ca = ${this.#name}
[${this.#name}]
database = ${this.#file('index.txt')}
new_certs_dir = ${this.#folder}
certificate = ${this.file}
private_key = ${this.#file('ca.key')}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
`;
  }
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'] as const;

async function openssl(...args: readonly string[]): Promise<void> {
  await runCommand('openssl', ...args);
}
