import type { OptionTable } from './command.js';

/** How to reach a topic. */
export const KAFKA = {
  'kafka-broker': {
    alias: 'k',
    type: 'string',
    value: 'HOST:PORT[,…]',
    describe: 'brokers to connect to first',
  },
  'kafka-topic': {
    alias: 't',
    type: 'string',
    value: 'TOPIC',
    suggests: 'topic',
    describe: 'topic of the packets',
  },
  'kafka-config': {
    alias: 'X',
    type: 'string',
    value: 'KEY=VALUE',
    suggests: 'property',
    array: true,
    describe: 'a librdkafka property, or @FILE with one on each line; repeatable',
    default: [],
  },
} satisfies OptionTable;
