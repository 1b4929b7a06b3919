import { BROKER_OPTIONS } from './broker.js';
import { BOTH_OPTIONS, CONSUMER, PRODUCER, type Option } from './options.js';

type OptionTable = Readonly<Record<string, Option>>;

const USAGE = `Usage:
  kcap --producer -k BROKERS -t TOPIC -i INTERFACE [options]
  kcap --producer -k BROKERS -t TOPIC -r FILE [options]
  kcap --consumer -k BROKERS -t TOPIC [options]
  kcap devices                                      list the interfaces to capture on
  kcap broker [--port N] [--topic NAME[:PARTITIONS]]...
                                                    run an in-memory Kafka for trying things out`;

const EXAMPLES = `Examples:
  kcap --producer -k localhost:9092 -t pcap -i eth0
  kcap --consumer -k localhost:9092 -t pcap | tshark -i -
  kcap --consumer -k localhost:9092 -t pcap -o begin -e > out.pcap`;

const GENERAL: OptionTable = {
  help: { alias: 'h', type: 'boolean', describe: 'show this help' },
  version: { alias: 'V', type: 'boolean', describe: 'show the versions of kcap and its libraries' },
};

/** Where descriptions begin. */
const COLUMN = 36;

/** What `--help` shows, for a line of so many columns. */
export function helpText(columns: number): string {
  const section = (title: string, options: OptionTable) =>
    [`${title}:`, ...Object.keys(options).map((name) => entry(name, options[name], columns))].join(
      '\n',
    );
  return [
    USAGE,
    section('Both modes', { ...BOTH_OPTIONS, ...GENERAL }),
    section('Producer', PRODUCER),
    section('Consumer', CONSUMER),
    section('In-memory Kafka (kcap broker)', BROKER_OPTIONS),
    EXAMPLES,
  ].join('\n\n');
}

function entry(name: string, option: Option | undefined, columns: number): string {
  if (!option) return '';
  // What is on by default can only be turned off.
  const long = option.default === true ? `--no-${name}` : `--${name}`;
  const short = typeof option.alias === 'string' ? `-${option.alias}, ` : '';
  const value = option.type === 'string' ? ` ${option.value}` : '';
  const left = `  ${short.padStart(5)}${long}${value}`;
  const [first = '', ...rest] = wrapped(option.describe ?? '', Math.max(columns - COLUMN, 20));
  const lines = rest.map((line) => ' '.repeat(COLUMN) + line);
  return left.length < COLUMN - 1
    ? [left.padEnd(COLUMN) + first, ...lines].join('\n')
    : [left, ' '.repeat(COLUMN) + first, ...lines].join('\n');
}

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
