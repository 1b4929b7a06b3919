import { listDevices } from '../capture/devices.js';
import type { NO_OPTIONS, Runner } from './command.js';
import { print } from '../terminal/standard-output.js';

/** `kcap devices`: a line for each interface, its name first. */
export const devices: Runner<typeof NO_OPTIONS> = async () => {
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
  return 0;
};
