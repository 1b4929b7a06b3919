import { createRequire } from 'node:module';
import { isIP } from 'node:net';

export interface Device {
  readonly name: string;
  readonly description: string | undefined;
  readonly addresses: readonly string[];
  readonly loopback: boolean;
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

/** The interfaces that one can capture on, as libpcap lists them. */
export function listDevices(): Device[] {
  return cap()
    .deviceList()
    .map((device) => ({
      name: device.name,
      description: device.description,
      addresses: device.addresses.flatMap(({ addr }) => (addr === undefined ? [] : [addr])),
      loopback: device.flags === 'PCAP_IF_LOOPBACK',
    }));
}

/** The name of the interface that `nameOrAddress` means; undefined for an address that none has. */
export function interfaceNamed(nameOrAddress: string): string | undefined {
  // Node's first isIP takes 6 ms; most names are none of an address at first sight.
  const address = /[.:]/.test(nameOrAddress) && isIP(nameOrAddress) !== 0;
  return address ? cap().findDevice(nameOrAddress) : nameOrAddress;
}
