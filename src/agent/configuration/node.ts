import { hostname, networkInterfaces } from 'node:os';
import { z } from 'zod';
import { OPTIONAL_TEXT, SCALARS, section, withoutEffect } from '../../documents/values.js';

/** Who the agent is. */
export const NODE = section({
  hostname: OPTIONAL_TEXT.describe(
    "the agent's name, as commands and records have it (the host's name)",
  ),
  ip: OPTIONAL_TEXT.describe('its address (the first one that is not of this host only)'),
  tags: SCALARS.prefault({}).describe('names and values of your own'),
  role: withoutEffect(z.string(), 'kcap has no roles'),
}).transform(({ hostname: name, ip, tags }) => ({
  hostname: name ?? hostname(),
  /** Undefined where the host has none. */
  ip: ip ?? firstAddress(),
  tags,
}));

export type NodeConfiguration = z.output<typeof NODE>;

/** IPv4 before IPv6; none of the loopback, none that holds for a link only. */
function firstAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces())
    .flatMap((ofInterface) => ofInterface ?? [])
    .filter(({ internal, address }) => !internal && !/^(169\.254\.|fe80:)/i.test(address));
  return (addresses.find(({ family }) => family === 'IPv4') ?? addresses[0])?.address;
}
