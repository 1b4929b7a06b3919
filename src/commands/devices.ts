import { listDevices, type Device } from '../capture/devices.js';
import { linkTypeName } from '../capture/link-type.js';
import { printable } from '../terminal/printable.js';
import { standardError } from '../terminal/standard-error.js';
import { outputColumns, print } from '../terminal/standard-output.js';
import type { Runner } from './command.js';
import type { DEVICES_OPTIONS } from './devices-options.js';
import { tableText } from './table.js';

const TITLES = ['NAME', 'STATE', 'LINK TYPES', 'ADDRESSES (DESCRIPTION)'];

/** `kcap devices`: the interfaces to capture on, each in a row that begins with its name. */
export const devices: Runner<typeof DEVICES_OPTIONS> = async ({ json }) => {
  const list = await listDevices();
  await print(
    json === true
      ? `${JSON.stringify(list.map(jsonOf), null, 2)}\n`
      : devicesTable(list, outputColumns()),
  );
  if (json !== true && list.some(({ refused }) => refused))
    standardError.write(
      'kcap: link types: not known (?) where this user may not capture\n' +
        "run it as root, or give Node the capabilities (see 'To capture without root' in the README)\n",
    );
  return 0;
};

/** @param width the terminal's columns, undefined where it is none */
export function devicesTable(list: readonly Device[], width: number | undefined): string {
  const rows = list.map((device) =>
    [device.name, stateOf(device), linkTypesOf(device), addressesAndDescription(device)].map(
      printable,
    ),
  );
  return tableText(TITLES, rows, width);
}

function stateOf({ up, running }: Device): string {
  if (up === undefined) return '-';
  if (!up) return 'down';
  return running === true ? 'up' : 'no link';
}

function linkTypesOf({ linkTypes }: Device): string {
  return linkTypes === undefined ? '?' : linkTypes.map(linkTypeName).join(',');
}

function addressesAndDescription({ addresses, description }: Device): string {
  return [...addresses, ...(description === undefined ? [] : [`(${description})`])].join(' ');
}

function jsonOf({ name, description, addresses, loopback, up, running, linkTypes }: Device) {
  return {
    name,
    description: description ?? null,
    addresses,
    link_types: linkTypes?.map(linkTypeName) ?? null,
    up: up ?? null,
    running: running ?? null,
    loopback,
  };
}
