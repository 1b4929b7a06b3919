import { listDevices } from '../capture/devices.js';
import { print } from './print.js';

/** `kcap devices`: a line for each interface, its name first. */
export async function devices(): Promise<void> {
  const list = listDevices();
  const width = Math.max(...list.map(({ name }) => name.length));
  const lines = list.map(({ name, addresses, description, loopback }) => {
    const facts = [
      addresses.join(' '),
      loopback ? 'loopback' : '',
      description === undefined ? '' : `(${description})`,
    ];
    const text = facts.filter((fact) => fact !== '').join('  ');
    return `${name.padEnd(width)}  ${text}`.trimEnd() + '\n';
  });
  await print(lines.join(''));
}
