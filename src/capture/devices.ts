import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import { addon } from '../addon/addon.js';

export interface Device {
  readonly name: string;
  readonly description: string | undefined;
  readonly addresses: readonly string[];
  readonly loopback: boolean;
  /** Undefined of what has no state, such as usbmon0. */
  readonly up: boolean | undefined;
  /** Up, and with a link. */
  readonly running: boolean | undefined;
  /** LINKTYPE_ numbers, the usual one first; undefined where it can't be opened: it is down, for example. */
  readonly linkTypes: readonly number[] | undefined;
  /** This user may not open it. */
  readonly refused: boolean;
}

/** The part of npm `cap` that kcap uses; the package has no types of its own. */
interface Cap {
  deviceList(): {
    name: string;
    description?: string;
    addresses: { addr?: string }[];
    flags?: string;
  }[];
  findDevice(address: string): string | undefined;
}

// Loaded on use: most runs are given a name and need no list.
function cap(): Cap {
  return (createRequire(import.meta.url)('cap') as { Cap: Cap }).Cap;
}

/**
 * The interfaces that one can capture on, as libpcap lists them. Opens each of them, to know its link types: that takes
 * tens of milliseconds each, off this thread.
 */
export async function listDevices(): Promise<Device[]> {
  const facts = new Map((await addon.deviceFacts()).map((device) => [device.name, device]));
  return cap()
    .deviceList()
    .map((device) => ({
      name: device.name,
      description: device.description,
      addresses: device.addresses.flatMap(({ addr }) => (addr === undefined ? [] : [addr])),
      loopback: device.flags === 'PCAP_IF_LOOPBACK',
      up: facts.get(device.name)?.up,
      running: facts.get(device.name)?.running,
      linkTypes: facts.get(device.name)?.linkTypes,
      refused: facts.get(device.name)?.refused === true,
    }));
}

/** The names alone, without npm `cap`, which only one thread of a process can load. */
export function interfaceNames(): string[] {
  return addon.deviceNames();
}

/** The name of the interface that `nameOrAddress` means; undefined for an address that none has. */
export function interfaceNamed(nameOrAddress: string): string | undefined {
  // Node's first isIP takes 6 ms; most names are none of an address at first sight.
  const address = /[.:]/.test(nameOrAddress) && isIP(nameOrAddress) !== 0;
  return address ? cap().findDevice(nameOrAddress) : nameOrAddress;
}
