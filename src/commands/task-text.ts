import { shown, type Answer } from './asking.js';
import { tableText } from './table.js';
import { countText } from './units.js';

/** A table of what each task has done. */
export function statsTable(tasks: unknown, width: number | undefined): string {
  const entries = Object.entries((tasks ?? {}) as Readonly<Record<string, Answer>>);
  if (entries.length === 0) return 'no tasks\n';
  const cells = entries.map(([id, report]) => [
    shown(id),
    shown(report['state']),
    count(report['packets_in']),
    count(report['packets_out']),
    count(droppedBy(report)),
    count(report['packets_failed']),
    typeof report['reason'] === 'string' ? shown(report['reason']) : '',
  ]);
  return tableText(['TASK', 'STATE', 'IN', 'OUT', 'DROPPED', 'FAILED', 'REASON'], cells, width);
}

/** All that is known of one. */
export function taskText(answer: Answer): string {
  const { task_id: id, status, reason, started_at: startedAt, reporters } = answer;
  const said = (title: string, text: string) => `${title.padEnd(10)}${text}\n`;
  const lines = [
    said('task', shown(id)),
    said('state', shown(status)),
    ...(reason === undefined ? [] : [said('reason', shown(reason))]),
    ...(startedAt === undefined ? [] : [said('started', shown(startedAt))]),
    said('packets', `${count(answer['packets_in'])} in, ${count(answer['packets_out'])} out`),
    said('dropped', `${count(droppedBy(answer))} by the kernel or the interface`),
  ];
  for (const [name, report] of Object.entries((reporters ?? {}) as Record<string, Answer>))
    lines.push(
      said(
        'reporter',
        `${shown(name)}: ${count(report['in'])} in, ${count(report['out'])} out, ${count(report['failed'])} failed, ${count(report['dropped'])} dropped${spooledText(report)}`,
      ),
    );
  return lines.join('');
}

function spooledText({ spooled }: Answer): string {
  return typeof spooled === 'number' && spooled > 0 ? `, ${count(spooled)} on disk` : '';
}

function droppedBy({ drops }: Answer): number {
  const { kernel, interface: dropped } = (drops ?? {}) as Readonly<Record<string, unknown>>;
  return Number(kernel ?? 0) + Number(dropped ?? 0);
}

function count(value: unknown): string {
  return typeof value === 'number' ? countText(value) : '-';
}
