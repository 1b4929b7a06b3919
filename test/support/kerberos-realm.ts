import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { freePort } from './free-port.js';
import { runCommand } from './run-command.js';
import { hasEnded, spawnTied } from './tied-process.js';
import { waitFor } from './wait-for.js';

const START_LIMIT_MS = 10_000;
/** Debian keeps the administrator's programs where only root looks for them. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

/** A Kerberos realm of the test's own, with a real KDC. All that it has is in one temporary folder. */
export class KerberosRealm {
  readonly name = 'KCAP.TEST';
  readonly #folder: string;
  readonly #port: number;
  #kdc: ChildProcess | undefined;
  #numbered = 0;
  /** One command after the other: a second one does not wait long for the lock of the database. */
  #administered: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
  }

  /** Makes the realm and starts its KDC. Whoever starts it closes it. */
  static async start(): Promise<KerberosRealm> {
    const folder = await mkdtemp(path.join(tmpdir(), 'kcap-realm-'));
    // Others than root are to read its configuration, and find a keytab that they may not read.
    await chmod(folder, 0o755);
    const realm = new KerberosRealm(folder, await freePort());
    try {
      await writeFile(realm.configFile, realm.#config(realm.#port));
      await writeFile(path.join(folder, 'kdc.conf'), realm.#kdcConfig());
      await realm.#administrate('kdb5_util', 'create', '-s', '-P', 'of no matter');
      await realm.startKdc();
    } catch (error) {
      await realm.close();
      throw error;
    }
    return realm;
  }

  /** krb5.conf, for KRB5_CONFIG and for Java's java.security.krb5.conf. */
  get configFile(): string {
    return path.join(this.#folder, 'krb5.conf');
  }

  /** What a program needs in its environment to be in this realm, with a ticket cache of its own. */
  environment(): Record<string, string> {
    const cache = path.join(this.#folder, `cache-${++this.#numbered}`);
    return { KRB5_CONFIG: this.configFile, KRB5CCNAME: `FILE:${cache}` };
  }

  /** The same, but that the KDC is looked for at another port of this host. */
  async environmentWithKdcAt(port: number): Promise<Record<string, string>> {
    const file = path.join(this.#folder, `krb5-${++this.#numbered}.conf`);
    await writeFile(file, this.#config(port));
    return { ...this.environment(), KRB5_CONFIG: file };
  }

  /**
   * Makes a principal and the keytab with its key.
   *
   * @param options of kadmin's add_principal, such as -maxlife
   */
  async keytab(principal: string, ...options: readonly string[]): Promise<string> {
    const file = path.join(this.#folder, `${++this.#numbered}.keytab`);
    await this.#kadmin(`add_principal -randkey ${options.join(' ')} ${principal}`);
    await this.#kadmin(`ktadd -k ${file} ${principal}`);
    return file;
  }

  /** Gives the principal a new key, which its keytab has not got. */
  async changeKey(principal: string): Promise<void> {
    await this.#kadmin(`change_password -randkey ${principal}`);
  }

  async deletePrincipal(principal: string): Promise<void> {
    await this.#kadmin(`delete_principal -force ${principal}`);
  }

  /** Takes a ticket with a keytab, as a user does with kinit, into the ticket cache of an environment. */
  async takeTicket(
    environment: Readonly<Record<string, string>>,
    principal: string,
    keytab: string,
    ...options: readonly string[]
  ): Promise<void> {
    const kinit = ['kinit', ...options, '-k', '-t', keytab, principal];
    await runCommand('env', ...assignments(environment), ...kinit);
  }

  /** How many tickets the KDC has given to this principal for its keytab or password. */
  async ticketsGiven(principal: string): Promise<number> {
    const lines = (await readFile(this.#logFile, 'utf8')).split('\n');
    return lines.filter((line) => /AS_REQ .* ISSUE/.test(line) && line.includes(principal)).length;
  }

  async startKdc(): Promise<void> {
    const startsBefore = await countStarts(this.#logFile);
    const output = await open(path.join(this.#folder, 'kdc.out'), 'a');
    const command = ['env', ...assignments(this.#administrator()), 'krb5kdc', '-n'];
    const kdc = spawnTied(command, { stdio: ['ignore', output.fd, output.fd] });
    let failure: Error | undefined;
    kdc.on('error', (error) => (failure = error));
    this.#kdc = kdc;
    await output.close();
    await waitFor(
      async () => {
        if (failure) throw failure;
        if (hasEnded(kdc)) throw new Error('krb5kdc ended at its start');
        return (await countStarts(this.#logFile)) > startsBefore;
      },
      { limitMs: START_LIMIT_MS, what: 'the KDC' },
    );
  }

  async stopKdc(): Promise<void> {
    const kdc = this.#kdc;
    this.#kdc = undefined;
    if (kdc?.pid === undefined || hasEnded(kdc)) return;
    const ended = once(kdc, 'exit');
    kdc.kill('SIGKILL');
    await ended;
  }

  /** Ends the KDC and removes all that the realm had. */
  async close(): Promise<void> {
    await this.stopKdc();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #kadmin(query: string): Promise<void> {
    await this.#administrate('kadmin.local', '-q', query);
  }

  async #administrate(...command: readonly string[]): Promise<void> {
    const next = () => runCommand('env', ...assignments(this.#administrator()), ...command);
    await (this.#administered = this.#administered.then(next, next));
  }

  #administrator(): Record<string, string> {
    const profile = path.join(this.#folder, 'kdc.conf');
    return { KRB5_CONFIG: this.configFile, KRB5_KDC_PROFILE: profile, PATH };
  }

  get #logFile(): string {
    return path.join(this.#folder, 'kdc.log');
  }

  #config(kdcPort: number): string {
    return `
[libdefaults]
  default_realm = ${this.name}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  # Tickets of some seconds are to expire when they say.
  clockskew = 5
  kdc_timesync = 0
[realms]
  ${this.name} = {
    kdc = 127.0.0.1:${kdcPort}
  }
[domain_realm]
  localhost = ${this.name}
`;
  }

  #kdcConfig(): string {
    return `
[kdcdefaults]
  kdc_listen = 127.0.0.1:${this.#port}
  kdc_tcp_listen = 127.0.0.1:${this.#port}
[realms]
  ${this.name} = {
    database_name = ${this.#folder}/principal
    key_stash_file = ${this.#folder}/stash
    acl_file = ${this.#folder}/kadm5.acl
    max_life = 1h
    max_renewable_life = 1h
  }
[logging]
  kdc = FILE:${this.#logFile}
  admin_server = FILE:${this.#folder}/admin.log
`;
  }
}

async function countStarts(logFile: string): Promise<number> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.split('commencing operation').length;
}

function assignments(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`);
}
