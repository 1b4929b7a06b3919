import { isIPv4 } from 'node:net';

import { Passage } from '#kcap/protocols/passage.js';

/** The bytes of an IP address in the forms that the tests use: dotted, or all eight groups of IPv6. */
export function addressBytes(text: string): number[] {
  return isIPv4(text)
    ? text.split('.').map(Number)
    : text.split(':').flatMap((group) => {
        const number = Number.parseInt(group, 16);
        return [number >> 8, number & 0xff];
      });
}

/** A passage between these; the addresses lie somewhere in a larger Buffer, as those of packets do. */
export function passageOf(
  source: string,
  destination: string,
  fields: Partial<Passage> = {},
): Passage {
  const passage = new Passage();
  passage.ipVersion = isIPv4(source) ? 4 : 6;
  passage.addresses = Buffer.from([
    9,
    9,
    9,
    ...addressBytes(source),
    ...addressBytes(destination),
    9,
  ]);
  passage.sourceAt = 3;
  passage.destinationAt = 3 + passage.addressBytes;
  passage.seconds = 1_700_000_000;
  passage.microseconds = 123_456;
  passage.sourcePort = 5060;
  passage.destinationPort = 5080;
  return Object.assign(passage, fields);
}
