import { linkTypeName } from '../capture/link-type.js';
import { formatUtc } from '../packet/timestamp.js';
import { printableInLine } from '../terminal/printable.js';
import type { TopicReport } from '../topic/topic-report.js';
import { tableText, wrap } from './table.js';
import { bytesText, countText, spanText } from './units.js';

/** Of a name's list: nobody reads more. */
const MOST_NAMES = 20;
const MOST_COLUMNS = 100;

/** @param width the terminal's columns, undefined where it is none */
export function topicText(report: TopicReport, width: number | undefined): string {
  const facts = factsOf(report).map((row) => row.map(printableInLine));
  const warnings = report.warnings.map((warning) => warningText(printableInLine(warning), width));
  return [
    tableText(['topic', printableInLine(report.topic)], facts, width),
    partitionTable(report, width),
    ...(warnings.length === 0 ? [] : [warnings.join('')]),
  ].join('\n');
}

function factsOf(report: TopicReport): [name: string, value: string][] {
  const { sample, settings } = report;
  const { first, last } = sample;
  return [
    ['messages', messagesText(report)],
    ['size', sizeText(report)],
    ['first packet', first === undefined ? '-' : formatUtc(first)],
    ['last packet', last === undefined ? '-' : lastText(report)],
    ['link types', list([...sample.linkTypes].map(linkTypeName))],
    ['packed', packedText(report)],
    ['hosts', list([...sample.hosts].sort())],
    ['interfaces', list([...sample.interfaces].sort())],
    ['retention', retentionText(report)],
    ['timestamps', settings.timestampType ?? '?'],
    ['max message', settings.maxMessageBytes === null ? '?' : bytesText(settings.maxMessageBytes)],
    ['cleanup', settings.cleanupPolicy ?? '?'],
    ['sample', `${countText(sample.messages)} messages, the first and last of each partition`],
  ];
}

function messagesText({ messages, settings }: TopicReport): string {
  const isMost = settings.cleanupPolicy?.includes('compact') === true;
  return `${isMost ? 'at most ' : ''}${countText(messages)}`;
}

function sizeText({ estimatedBytes, sample }: TopicReport): string {
  if (estimatedBytes === undefined)
    return sample.packedMessages > 0 ? '? (packed and plain messages are mixed)' : '?';
  return estimatedBytes === 0
    ? '0 bytes'
    : `about ${bytesText(estimatedBytes)} before compression (estimated from the sample)`;
}

function lastText({ sample, messagesPerSecond }: TopicReport): string {
  const { first = 0, last } = sample;
  if (last === undefined) return '-';
  const rate = messagesPerSecond === undefined ? '' : `, ${rateText(messagesPerSecond)} messages/s`;
  return `${formatUtc(last)} (${spanText((last - first) / 1000)} later${rate})`;
}

function rateText(rate: number): string {
  return rate >= 100 ? countText(Math.round(rate)) : String(Number(rate.toPrecision(3)));
}

function packedText({ sample }: TopicReport): string {
  const { packedMessages, messages, packets } = sample;
  if (packets === 0) return '-';
  if (packedMessages === 0) return 'no: a packet a message';
  const plain = messages - packedMessages;
  const each = countText(Math.round((packets - plain) / packedMessages));
  return plain === 0
    ? `yes: about ${each} packets a message`
    : `${packedMessages} of ${messages} messages: about ${each} packets in each of them`;
}

function retentionText({ settings }: TopicReport): string {
  const { retentionMs, retentionBytes } = settings;
  if (retentionMs === null || retentionBytes === null) return '?';
  const limits = [
    ...(retentionMs < 0 ? [] : [spanText(retentionMs)]),
    ...(retentionBytes < 0 ? [] : [`${bytesText(retentionBytes)} a partition`]),
  ];
  return limits.length === 0 ? 'for ever' : limits.join(', ');
}

function list(names: readonly string[]): string {
  if (names.length === 0) return '-';
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} others` : shown;
}

function partitionTable({ partitions }: TopicReport, width: number | undefined): string {
  const number = (value: number | null) => (value === null ? '-' : String(value));
  const cells = partitions.map(({ id, leader, low, high }) => [
    String(id),
    leader === null ? 'none' : String(leader),
    number(low),
    number(high),
    low === null || high === null ? '-' : String(high - low),
  ]);
  const titles = ['PARTITION', 'LEADER', 'FIRST OFFSET', 'END OFFSET', 'MESSAGES'];
  // A table's last column may be wrapped: numbers stand before it.
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const right = (row: readonly string[]) => [
    ...row.map((cell, column) => cell.padStart(widths[column] ?? 0)),
    '',
  ];
  return tableText(right(titles), cells.map(right), width);
}

function warningText(warning: string, width = MOST_COLUMNS): string {
  // The lines after the first one are indented.
  const lines = wrap(`warning: ${warning}`, Math.min(width, MOST_COLUMNS) - 2);
  return lines.map((line, index) => `${index === 0 ? '' : '  '}${line}\n`).join('');
}
