import { availableParallelism } from 'node:os';

/** Test files that may run at the same time. */
export interface Lane {
  readonly files: readonly string[];
  /** How many of them run at once, each in a process of its own. */
  readonly width: number;
}

/**
 * Parts of the paths of those that need the machine for themselves: they send at a rate and expect no drop, hold how
 * long something takes or how much memory, or capture what the others exchange with the brokers.
 */
const ALONE = [
  'commands/broker-away',
  'commands/broker-cluster',
  'commands/broker-outage',
  'commands/consume-obstructed',
  'commands/overload',
  'commands/produce-far',
  'commands/produce-interface',
  'commands/produce-own-traffic',
  'commands/produce-stop',
  'commands/spool',
  'commands/watch',
  'support/veth',
];

/** More than there are processors: much of what tests do is to wait for brokers, groups and timeouts. */
const WIDTH = availableParallelism() + 1;

/** Shares the files out to lanes, which run one after the other. */
export function lanesOf(files: readonly string[]): Lane[] {
  const needsMachine = (file: string) => ALONE.some((part) => file.includes(part));
  const lanes = [
    { files: files.filter((file) => !needsMachine(file)), width: WIDTH },
    { files: files.filter(needsMachine), width: 1 },
  ];
  // Without a file, the runner would look for some itself.
  return lanes.filter((lane) => lane.files.length > 0);
}
