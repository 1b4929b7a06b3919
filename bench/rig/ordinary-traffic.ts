import {
  arp,
  dns,
  ethernet,
  icmp,
  ipAddress,
  ipv4,
  question,
  record,
  tcp,
  text,
  u16,
  udp,
} from '#support/frames.js';

export type Traffic = 'ordinary' | 'plain';

const FLOWS = 400;
const NAME = 'www.example.org';

/** Frames of an ordinary mixture: TCP of many flows, DNS, QUIC, ICMP and ARP. The same in each run. */
export function ordinaryFrames(count: number, random: () => number): Buffer[] {
  const flows = Array.from({ length: FLOWS }, (_, index) => ({
    ends: {
      source: `192.0.2.${1 + (index % 200)}`,
      destination: `198.51.${100 + (index % 10)}.${1 + (random() % 250)}`,
    },
    ports: [1024 + (random() % 60_000), [443, 443, 80, 22][index % 4] ?? 443] as const,
    sequence: random(),
  }));
  const options = Buffer.from('0101080a0000006400000064', 'hex');
  return Array.from({ length: count }, () => {
    const flow = flows[random() % FLOWS];
    if (!flow) throw new Error('There is no such flow');
    const { ends, ports } = flow;
    const over = (protocol: number, payload: Buffer) =>
      ethernet(0x0800, ipv4(protocol, payload, ends));
    const segment = (payload: Buffer, flags = 'P.') => {
      const { sequence } = flow;
      flow.sequence = (sequence + payload.length) >>> 0;
      return over(6, tcp(ports, payload, { sequence, flags, options, addresses: ends }));
    };
    const kind = random() % 100;
    if (kind < 45) return segment(noise(1400, random));
    if (kind < 70) return segment(Buffer.alloc(0), '.');
    if (kind < 75)
      return segment(text(`GET /index.html?n=${random()} HTTP/1.1`, `Host: ${NAME}`, '', ''));
    if (kind < 78) return segment(Buffer.alloc(0), 'S');
    if (kind < 86) return over(17, udp([40_000, 53], dns({}, { questions: [question(NAME)] })));
    if (kind < 90) return over(17, udp([53, 40_000], answer()));
    if (kind < 97) return over(17, udp([50_000, 9443], noise(1200, random)));
    if (kind < 99) return over(1, icmp(8, 0, Buffer.concat([u16(7, random()), noise(56, random)])));
    const [sender, target] = ['02:00:00:00:00:01', '00:00:00:00:00:00'];
    return ethernet(0x0806, arp(1, [sender, ends.source], [target, ends.destination]));
  });
}

/**
 * Datagrams of 200-byte frames. Of a few hosts: tcpdump looks through a list of all addresses of the same beginning that
 * it has seen, which takes ten times as long as the rest where there are thousands.
 */
export function plainFrames(count: number, random: () => number): Buffer[] {
  return Array.from({ length: count }, () => {
    const source = `192.0.2.${1 + (random() % 250)}`;
    const destination = `198.51.${random() % 250}.2`;
    const payload = noise(158, random);
    const ports = [1024 + (random() % 16_384), 9443] as const;
    const datagram = udp(ports, payload, { addresses: { source, destination } });
    return ethernet(0x0800, ipv4(17, datagram, { source, destination }));
  });
}

function answer(): Buffer {
  const pointer = u16(0xc00c);
  const address = record(pointer, 1, ipAddress('192.0.2.80'));
  return dns({ flags: 0x8180 }, { questions: [question(NAME)], answers: [address, address] });
}

function noise(length: number, random: () => number): Buffer {
  return Buffer.from(Array.from({ length }, () => random() & 0xff));
}
