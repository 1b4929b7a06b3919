import { listDevices } from '../capture/devices.js';

/** `kcap devices`: a line for each interface, its name first. */
export function devices(): void {
  const list = listDevices();
  const width = Math.max(...list.map(({ name }) => name.length));
  for (const { name, addresses, description, loopback } of list) {
    const facts = [
      addresses.join(' '),
      loopback ? 'loopback' : '',
      description === undefined ? '' : `(${description})`,
    ];
    const text = facts.filter((fact) => fact !== '').join('  ');
    process.stdout.write(`${name.padEnd(width)}  ${text}`.trimEnd() + '\n');
  }
}
