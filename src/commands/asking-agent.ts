import { outputColumns } from '../terminal/standard-output.js';
import type { ASKING_OPTIONS } from './agent-options.js';
import { ask, shown } from './asking.js';
import type { Runner } from './command.js';
import { statsTable } from './task-text.js';
import { spanText } from './units.js';

type Asking = Runner<typeof ASKING_OPTIONS>;

/** `kcap status`: whether an agent runs, and what. */
export const status: Asking = async (args) => {
  await ask(
    args,
    'daemon_status',
    {},
    ({ version, uptime_sec: uptime, tasks, task_count: count }) => {
      const names =
        Array.isArray(tasks) && tasks.length > 0 ? `: ${tasks.map(shown).join(', ')}` : '';
      return `kcap ${shown(version)}, up for ${spanText(Number(uptime) * 1000)}, ${shown(count)} task(s)${names}\n`;
    },
  );
  return 0;
};

/** `kcap stats`: what each task of an agent has done. */
export const stats: Asking = async (args) => {
  await ask(args, 'daemon_stats', {}, ({ tasks }) => statsTable(tasks, outputColumns()));
  return 0;
};

/** `kcap reload`: the agent reads its configuration again. */
export const reload: Asking = async (args) => {
  await ask(args, 'config_reload', {}, ({ changed, restart }) => {
    const list = (names: unknown) => (Array.isArray(names) ? names.map(shown) : []);
    const [now, later] = [list(changed), list(restart)];
    return [
      now.length === 0 ? 'reloaded: nothing has changed\n' : `reloaded: ${now.join(', ')}\n`,
      later.length === 0 ? '' : `after a restart only: ${later.join(', ')}\n`,
    ].join('');
  });
  return 0;
};

/** `kcap stop`: the agent ends. Waits until it has. */
export const stop: Asking = async (args) => {
  await ask(args, 'daemon_shutdown', {}, () => 'stopped\n', { waitsForEnd: true });
  return 0;
};
