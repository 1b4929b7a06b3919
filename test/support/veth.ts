import type { TestContext } from 'node:test';

import { netNamespace } from './net-namespace.js';
import { runCommand } from './run-command.js';
import { waitFor } from './wait-for.js';

/**
 * A cable with two ends: what is sent into one comes out of the other, exactly, and nothing else does: neither end
 * has an address, and neither IPv6 nor ARP nor multicast is on.
 */
export interface VethPair {
  /** The end that tests capture on. It is where the test runs, so that a capture reaches Kafka on 127.0.0.1. */
  readonly inside: string;
  /** The end that frames are sent from; it is in `namespace`. */
  readonly peer: string;
  readonly namespace: string;
}

/** Why there can be no veth pair here, or false: for `test(name, { skip: noVeth }, ...)`. */
export const noVeth: string | false =
  process.getuid?.() === 0 ? false : 'needs root, for a network namespace of its own';

let pairs = 0;

/** Makes a veth pair of the test's own, removed when the test ends. `mtu` is the longest frame less 14. */
export async function vethPair(
  t: TestContext,
  { mtu = 1500 }: { readonly mtu?: number } = {},
): Promise<VethPair> {
  const { name: namespace } = await netNamespace(t);
  const id = `${process.pid}-${pairs++}`;
  // An interface's name has at most 15 characters.
  const inside = `kc${id}a`;
  const peer = `kc${id}b`;

  // Deleting one end deletes the other at once; deleting the namespace would do so too, but some time later.
  t.after(() => ip('link', 'delete', inside).catch(() => undefined));
  await ip('link', 'add', inside, 'type', 'veth', 'peer', peer, 'netns', namespace);
  await disableIPv6(inside);
  await disableIPv6(peer, namespace);
  const up = ['mtu', String(mtu), 'arp', 'off', 'multicast', 'off', 'up'];
  await ip('link', 'set', inside, ...up);
  await ip('-n', namespace, 'link', 'set', peer, ...up);
  // Until both ends are up the kernel throws away what is sent.
  await waitFor(
    async () =>
      (await linkState(inside)).operstate === 'UP' &&
      (await linkState(peer, namespace)).operstate === 'UP',
    { limitMs: 10_000, what: `${inside} and ${peer} to be up` },
  );
  return { inside, peer, namespace };
}

/** Frames that the sending end has sent so far, as the kernel counts them. */
export async function framesSent({ peer, namespace }: VethPair): Promise<number> {
  return (await linkState(peer, namespace)).stats64.tx.packets;
}

interface LinkState {
  readonly operstate: string;
  readonly stats64: { readonly tx: { readonly packets: number } };
}

async function linkState(link: string, namespace?: string): Promise<LinkState> {
  const where = namespace === undefined ? [] : ['-n', namespace];
  const [state] = JSON.parse(await ip(...where, '-j', '-s', 'link', 'show', link)) as LinkState[];
  if (!state) throw new Error(`ip says nothing about ${link}`);
  return state;
}

/**
 * Turns IPv6 off, before the link is up: later the kernel would already have sent router solicitations. A kernel
 * without IPv6 has no such file.
 */
async function disableIPv6(link: string, namespace?: string): Promise<void> {
  const file = `/proc/sys/net/ipv6/conf/${link}/disable_ipv6`;
  const shell = ['sh', '-c', `[ ! -e ${file} ] || echo 1 > ${file}`] as const;
  await (namespace === undefined ? runCommand(...shell) : ip('netns', 'exec', namespace, ...shell));
}

function ip(...args: readonly string[]): Promise<string> {
  return runCommand('ip', ...args);
}
