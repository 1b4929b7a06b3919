import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { codeOf, UserError } from '../errors/user-error.js';
import type { ClientFacts } from './client-facts.js';
import { problemOf } from './connection-problem.js';
import type { Properties } from './properties.js';
import { securityOf } from './security.js';

/** How long the KDC may take at the start; a user is told within ten seconds. */
const KDC_LIMIT_MS = 4_000;

/**
 * How librdkafka renews the ticket while kcap runs. With a keytab it runs kinit now and then; its own command for that
 * would first renew any ticket that it finds, and trusts the shell with names. Without a keytab the ticket cache is
 * taken as it is, which librdkafka's default can't.
 */
export function renewalProperties(user: Properties): Properties {
  if (securityOf(user).mechanism !== 'GSSAPI' || user.has('sasl.kerberos.kinit.cmd'))
    return new Map();
  const kinit = kinitCommand(user);
  return kinit === undefined
    ? new Map([['sasl.kerberos.min.time.before.relogin', '0']])
    : new Map([['sasl.kerberos.kinit.cmd', forShell(kinit)]]);
}

/**
 * Takes a ticket with the keytab, if there is one; the error says why there is none. librdkafka itself would go on with
 * the ticket that happens to be in the cache, whoever owns it.
 */
export async function takeTicket(facts: ClientFacts): Promise<UserError | undefined> {
  const { properties } = facts;
  const kinit = kinitCommand(properties);
  const failure = kinit && (unreadable(keytabOf(properties)) ?? (await run(kinit)));
  if (failure === undefined) return undefined;
  const { cause, remedy } = problemOf(failure, facts);
  return new UserError(`Kerberos ticket for ${principalOf(properties)}`, cause, { remedy });
}

/** Nothing was said against the principal: its ticket of earlier may still be good. */
export function isSilenceOfKdc(error: UserError): boolean {
  return /contact any KDC|no answer/.test(error.message);
}

/** The command that takes a ticket; undefined where there is no keytab, or the user has another way. */
function kinitCommand(properties: Properties): string[] | undefined {
  const keytab = keytabOf(properties);
  if (securityOf(properties).mechanism !== 'GSSAPI' || keytab === '') return undefined;
  if (properties.get('sasl.kerberos.min.time.before.relogin') === '0') return undefined;
  const kinit = ['kinit', '-k', '-t', keytab, principalOf(properties)];
  const command = properties.get('sasl.kerberos.kinit.cmd');
  return command === undefined || command === forShell(kinit) ? kinit : undefined;
}

function keytabOf(properties: Properties): string {
  return properties.get('sasl.kerberos.keytab') ?? '';
}

/** kinit says of a keytab that may not be read that it has no suitable keys. */
function unreadable(keytab: string): string | undefined {
  const file = keytab.replace(/^FILE:/, '');
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    if (codeOf(error) === 'EACCES') return `keytab ${file} can't be read: permission denied`;
  }
  return undefined;
}

function principalOf(properties: Properties): string {
  // librdkafka's default.
  return properties.get('sasl.kerberos.principal') ?? 'kafkaclient';
}

/** What kinit says where it fails; undefined where it does not. */
async function run([command = '', ...args]: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: KDC_LIMIT_MS, env: { ...process.env, LC_ALL: 'C' } };
    execFile(command, args, options, (error, _stdout, stderr) => {
      if (!error) resolve(undefined);
      else if (codeOf(error) === 'ENOENT') resolve('there is no kinit');
      else if (error.killed === true) resolve(`no answer from the KDC in ${KDC_LIMIT_MS / 1000} s`);
      else resolve(withoutKinit(stderr) || error.message);
    });
  });
}

/** `kinit: WHAT HAPPENED while getting initial credentials` */
function withoutKinit(text: string): string {
  return text
    .trim()
    .replace(/^kinit: /, '')
    .replace(/ while (getting|initializing) .*$/, '');
}

/** For librdkafka, which has a shell run it. */
function forShell(words: readonly string[]): string {
  // Node closes its standard streams to children: kinit's messages would go into the first file that it opens.
  return `${words.map(quoted).join(' ')} </dev/null >/dev/null 2>&1`;
}

/** A word as it is, for the shell and for librdkafka, which looks for %{…}. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''").replaceAll('%{', "%''{")}'`;
}
