import { parseArgs } from 'node:util';

/** The options that all peers take. */
export function naiveOptions(): {
  readonly interface: string;
  readonly topic: string;
  readonly partitions: number;
  readonly packets: number;
  readonly properties: Readonly<Record<string, string>>;
} {
  const { values } = parseArgs({
    options: {
      interface: { type: 'string', short: 'i', default: '' },
      topic: { type: 'string', short: 't', default: '' },
      partitions: { type: 'string', short: 'p', default: '1' },
      packets: { type: 'string', short: 'n', default: 'Infinity' },
      property: { type: 'string', short: 'X', multiple: true, default: [] },
    },
  });
  return {
    ...values,
    partitions: Number(values.partitions),
    packets: Number(values.packets),
    properties: Object.fromEntries(
      values.property.map((property) => {
        const [key = '', ...value] = property.split('=');
        return [key, value.join('=')];
      }),
    ),
  };
}
