import { readDocument } from '../documents/read-document.js';
import { usageError, type ExitStatus } from '../errors/user-error.js';
import type { TASK_OPTIONS } from './agent-options.js';
import { ask, shown, type Answer } from './asking.js';
import type { Arguments } from './command.js';
import { countText } from './units.js';

/** `kcap task capture`: makes the captures that a message asks for, waits for them and says where they went. */
export async function capture(args: Arguments<typeof TASK_OPTIONS>): Promise<ExitStatus> {
  const file = args.file ?? '-';
  const { value } = await readDocument(file, { environment: process.env });
  if (typeof value !== 'object' || value === null)
    throw usageError(file, 'no capture message', 'docs/on-demand.md has its fields');
  const answer = await ask(args, 'capture', value as Answer, captureLines);
  const went = listOf(answer['captures']).every(({ result }) =>
    ['sent', 'empty'].includes(String(result)),
  );
  return went && listOf(answer['refused']).length === 0 ? 0 : 1;
}

function captureLines(answer: Answer): string {
  const { captures, refused, for_others: forOthers } = answer;
  const lines = [
    ...listOf(captures).map(captureLine),
    ...(Array.isArray(refused) ? refused.map((problem) => `refused: ${shown(problem)}`) : []),
    ...(typeof forOthers === 'number' && forOthers > 0
      ? [`${forOthers} capture message(s) for other hosts`]
      : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function captureLine({ interface: name, result, file, packets, bytes, ...rest }: Answer): string {
  const { ended_by: endedBy, error, targets } = rest;
  if (result === 'failed') return `${shown(name)}: failed: ${shown(error)}`;
  const size = `${countText(Number(packets))} packet(s), ${countText(Number(bytes))} bytes`;
  const why = error === undefined ? `ended by ${shown(endedBy)}` : shown(error);
  const places = listOf(targets).map((target) =>
    target['result'] === 'sent'
      ? shown(target['where'])
      : `${shown(target['target'])}: ${shown(target['error'])}` +
        (target['result'] === 'kept' ? `, kept as ${shown(target['where'])}` : ', lost'),
  );
  const went = result === 'empty' ? ['no packet, nothing is sent'] : places;
  return [`${shown(file)}: ${size}, ${why}`, ...went.map((place) => `  ${place}`)].join('\n');
}

function listOf(value: unknown): readonly Answer[] {
  return Array.isArray(value) ? (value as readonly Answer[]) : [];
}
