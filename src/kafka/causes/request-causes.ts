import { grant } from '../client-facts.js';
import { brokersOf } from '../security.js';
import type { KnownCause } from './known-cause.js';

const RIGHTS: readonly KnownCause[] = [
  {
    names: ['TOPIC_AUTHORIZATION_FAILED'],
    remedy: (facts) => `let the user do so: ${grant(facts)}`,
    final: true,
  },
  {
    names: ['GROUP_AUTHORIZATION_FAILED'],
    cause: ({ group = '' }) => `group ${group}: Group authorization failed`,
    remedy: (facts) => `let the user join it: ${grant(facts)}`,
    final: true,
  },
  {
    names: ['CLUSTER_AUTHORIZATION_FAILED'],
    cause: 'Cluster authorization failed: the user may not number messages (idempotence)',
    remedy: (facts) =>
      `let the user do so: ${grant(facts)}, or on old brokers --cluster --operation IdempotentWrite; or do without: -X enable.idempotence=false`,
    final: true,
  },
];

const GROUP: readonly KnownCause[] = [
  {
    names: ['INVALID_SESSION_TIMEOUT'],
    cause: ({ properties }) =>
      `the brokers don't allow session.timeout.ms=${properties.get('session.timeout.ms') ?? '45000'}`,
    remedy:
      'choose one between group.min.session.timeout.ms (6000) and group.max.session.timeout.ms of the brokers',
    final: true,
  },
  {
    names: ['INCONSISTENT_GROUP_PROTOCOL', 'UNSUPPORTED_ASSIGNOR'],
    cause: ({ group = '' }) =>
      `the other members of group ${group} share partitions in another way`,
    remedy:
      'name a group with -g that only kcap uses, or set partition.assignment.strategy as the others do',
    final: true,
  },
  {
    names: ['GROUP_MAX_SIZE_REACHED'],
    cause: ({ group = '' }) => `group ${group} has as many members as the brokers allow`,
    remedy: 'stop a member, or have group.max.size of the brokers raised',
    final: true,
  },
  {
    names: ['INVALID_GROUP_ID'],
    cause: ({ group = '' }) => `the brokers don't allow '${group}' as the name of a group`,
    remedy: 'name another one with -g',
    final: true,
  },
  {
    names: ['FENCED_INSTANCE_ID'],
    cause: 'another member has the same group.instance.id',
    remedy: 'give each member a group.instance.id of its own',
    final: true,
  },
];

const TOPIC: readonly KnownCause[] = [
  {
    names: ['TOPIC_EXCEPTION'],
    cause: ({ topic }) => `the brokers don't allow ${topic} as the name of a topic`,
    remedy: 'name another one with -t',
    final: true,
  },
  {
    names: ['UNKNOWN_TOPIC_OR_PART', '_UNKNOWN_TOPIC', '_UNKNOWN_PARTITION', 'UNKNOWN_TOPIC_ID'],
    remedy: ({ topic, properties }) =>
      `check that the topic has not been deleted: kafka-topics.sh --bootstrap-server ${brokersOf(properties)} --describe --topic ${topic}`,
  },
  {
    names: ['NOT_ENOUGH_REPLICAS', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'],
    remedy:
      "bring the topic's other brokers back, or have its min.insync.replicas lowered; kcap goes on trying",
  },
  {
    names: ['KAFKA_STORAGE_ERROR'],
    cause: "the broker can't write to its disk (KafkaStorageException)",
    remedy: "look at the broker's log and at its disks: one may be full",
  },
  {
    names: ['MSG_SIZE_TOO_LARGE'],
    remedy: "cut packets with -s, or have the topic's max.message.bytes raised",
  },
  {
    names: ['RECORD_LIST_TOO_LARGE'],
    remedy: "send smaller requests, -X batch.size=, or have the topic's segment.bytes raised",
  },
  {
    names: ['INVALID_TIMESTAMP'],
    remedy:
      "check the clocks, or send with --kafka-timestamp now; the topic's message.timestamp.before.max.ms and .after.max.ms say what it takes",
  },
  {
    names: ['_MSG_TIMED_OUT'],
    remedy:
      'no broker took them in time, for a reason logged before; -X message.timeout.ms= gives them more time, --spool keeps packets on disk',
  },
  {
    names: ['POLICY_VIOLATION'],
    remedy: "the brokers' policy refuses it: their log says why",
  },
  {
    names: ['UNSUPPORTED_COMPRESSION_TYPE', '_UNSUPPORTED_FEATURE', 'UNSUPPORTED_VERSION'],
    remedy:
      'the broker is too old for it: leave out -X compression.type=, or -X enable.idempotence=false, or have it upgraded',
  },
  {
    names: ['UNSUPPORTED_FOR_MESSAGE_FORMAT'],
    remedy: "the topic's message.format.version is older than Kafka 0.11: have it raised",
  },
  {
    names: ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID', 'INVALID_PRODUCER_EPOCH'],
    remedy: 'the broker has forgotten this producer, or lost what it had: start kcap again',
  },
  {
    names: ['INVALID_REQUIRED_ACKS'],
    remedy: 'use -X acks=all, 1 or 0',
  },
];

/** Of what brokers refuse. */
export const REQUEST_CAUSES = [...RIGHTS, ...GROUP, ...TOPIC];
