import { AGENT_OPTIONS, ASKING_OPTIONS, TASK_OPTIONS, TASK_VERBS } from './agent-options.js';
import { BROKER_OPTIONS } from './broker-options.js';
import { COMPLETION_OPTIONS, COMPLETION_WORDS } from './completion-options.js';
import { command, type Command } from './command.js';
import { BRIDGE_OPTIONS, BRIDGE_SECTIONS, foreignOptions } from './bridge-options.js';
import { DEVICES_OPTIONS } from './devices-options.js';
import { EXTCAP_OPTIONS, EXTCAP_SECTIONS } from './extcap-options.js';
import { SCHEMA_OPTIONS, SCHEMAS } from './schema-options.js';
import { SIP_OPTIONS, SIP_SECTIONS } from './sip-options.js';
import { TOPIC_OPTIONS } from './topic-options.js';
import { VALIDATE_OPTIONS } from './validate-options.js';

/** What kcap does where no command is named. */
export const BRIDGE = command({
  name: '',
  usage: [
    'kcap --producer -k BROKERS -t TOPIC -i INTERFACE [options]',
    'kcap --producer -k BROKERS -t TOPIC -r FILE [options]',
    'kcap --consumer -k BROKERS -t TOPIC [options]',
  ],
  summary: 'move packets through Kafka',
  options: BRIDGE_OPTIONS,
  sections: BRIDGE_SECTIONS,
  examples: [
    'kcap --producer -k localhost:9092 -t pcap -i eth0',
    'kcap --consumer -k localhost:9092 -t pcap | tshark -i -',
    'kcap --consumer -k localhost:9092 -t pcap -o begin -e > out.pcap',
  ],
  foreignOptions,
  load: async () => (await import('./bridge.js')).bridge,
});

/** kcap's commands: help, suggestions and the command line know no others. */
export const COMMANDS: readonly Command[] = [
  BRIDGE,
  command({
    name: 'devices',
    usage: ['kcap devices [--json]'],
    summary: 'list the interfaces to capture on',
    options: DEVICES_OPTIONS,
    load: async () => (await import('./devices.js')).devices,
  }),
  command({
    name: 'sip',
    usage: [
      'kcap sip -i INTERFACE [options]',
      'kcap sip -r FILE [options]',
      'kcap sip -k BROKERS -t TOPIC [options]',
    ],
    summary: 'show and report the SIP messages in packets',
    options: SIP_OPTIONS,
    sections: SIP_SECTIONS,
    examples: [
      'kcap sip -i eth0',
      "kcap sip -r trace.pcap --sip-filter '(method invite bye)'",
      'kcap sip -k localhost:9092 -t pcap --from -15m --report json:',
      'kcap sip -i any --report hep://homer:9060?id=2001',
    ],
    load: async () => (await import('./sip.js')).sip,
  }),
  command({
    name: 'topic',
    usage: ['kcap topic -k BROKERS -t TOPIC [--json]'],
    summary: 'show what is in a topic of packets',
    options: TOPIC_OPTIONS,
    examples: [
      'kcap topic -k localhost:9092 -t pcap',
      'kcap topic -k localhost:9092 -t pcap --keep 7d',
      'kcap topic -k localhost:9092 -t pcap --json | jq .warnings',
    ],
    load: async () => (await import('./topic.js')).topic,
  }),
  command({
    name: 'agent',
    alias: 'daemon',
    usage: ['kcap agent --config FILE'],
    summary: 'run capture tasks and take commands',
    options: AGENT_OPTIONS,
    examples: ['kcap agent --config /etc/kcap/agent.yaml'],
    load: async () => (await import('./agent.js')).agent,
  }),
  command({
    name: 'task',
    usage: [
      'kcap task create|update -f FILE',
      'kcap task list',
      'kcap task status [ID]',
      'kcap task stop|start|delete ID',
      'kcap task filter ID EXPRESSION',
      'kcap task capture -f MESSAGE',
    ],
    summary: "create, change and list an agent's tasks",
    options: TASK_OPTIONS,
    words: {
      ...{ most: 3, oneOf: TASK_VERBS },
      second: { after: ['status', 'stop', 'start', 'delete', 'filter'], suggests: 'task' },
    },
    examples: [
      'kcap task create -f sip-capture.yaml',
      'kcap task status sip-capture',
      "kcap task filter sip-capture 'udp port 5060'",
      'kcap task capture -f alert.json',
    ],
    load: async () => (await import('./task.js')).task,
  }),
  command({
    name: 'status',
    usage: ['kcap status [--json]'],
    summary: 'show whether an agent runs, and its tasks',
    options: ASKING_OPTIONS,
    load: async () => (await import('./asking-agent.js')).status,
  }),
  command({
    name: 'stats',
    usage: ['kcap stats [--json]'],
    summary: "show what an agent's tasks have done",
    options: ASKING_OPTIONS,
    examples: ['kcap stats', "kcap stats --json | jq '.tasks[].packets_out'"],
    load: async () => (await import('./asking-agent.js')).stats,
  }),
  command({
    name: 'reload',
    usage: ['kcap reload'],
    summary: 'have an agent read its configuration again',
    options: ASKING_OPTIONS,
    load: async () => (await import('./asking-agent.js')).reload,
  }),
  command({
    name: 'stop',
    usage: ['kcap stop'],
    summary: 'end an agent, and wait until it has ended',
    options: ASKING_OPTIONS,
    load: async () => (await import('./asking-agent.js')).stop,
  }),
  command({
    name: 'extcap',
    usage: ['kcap extcap --install', 'kcap extcap --uninstall'],
    summary: 'read topics in Wireshark',
    examples: ['kcap extcap --install'],
    options: EXTCAP_OPTIONS,
    sections: EXTCAP_SECTIONS,
    load: async () => (await import('./extcap.js')).extcap,
  }),
  command({
    name: 'broker',
    usage: ['kcap broker [--port N] [--topic NAME[:PARTITIONS]]...'],
    summary: 'run an in-memory Kafka for trying things out',
    options: BROKER_OPTIONS,
    load: async () => (await import('./broker.js')).broker,
  }),
  command({
    name: 'validate',
    usage: ['kcap validate -f FILE...'],
    summary: 'check tasks and configurations of the agent',
    options: VALIDATE_OPTIONS,
    words: { most: 1000, suggests: 'file' },
    examples: ['kcap validate -f task.yaml', 'kcap validate -f tasks/*.yaml'],
    load: async () => (await import('./validate.js')).validate,
  }),
  command({
    name: 'schema',
    usage: ['kcap schema task', 'kcap schema agent'],
    summary: 'print the JSON Schema of tasks or agents',
    options: SCHEMA_OPTIONS,
    words: { most: 1, oneOf: SCHEMAS },
    examples: ['kcap schema task > kcap-task.schema.json'],
    load: async () => (await import('./schema.js')).schema,
  }),
  command({
    name: 'completion',
    usage: ['kcap completion [bash|zsh|fish]', 'kcap completion --candidates -- [WORD...]'],
    summary: 'complete command lines in your shell',
    options: COMPLETION_OPTIONS,
    words: COMPLETION_WORDS,
    examples: [
      'eval "$(kcap completion bash)"              in ~/.bashrc',
      'eval "$(kcap completion zsh)"               in ~/.zshrc, after compinit',
      'kcap completion fish > ~/.config/fish/completions/kcap.fish',
    ],
    load: async () => (await import('./completion.js')).completion,
  }),
];
