import { readdir, readFile } from 'node:fs/promises';
import { Counter, Gauge, type Registry } from 'prom-client';

/** The metrics of its process that every program has for Prometheus, by the names that all of them use. */
export function registerProcess(registry: Registry): void {
  const registers = [registry];
  new Counter({
    ...{ name: 'process_cpu_seconds_total', registers },
    help: 'CPU time of all threads, in user and system mode, in seconds',
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    ...{ name: 'process_resident_memory_bytes', registers },
    help: 'Memory that the process has now',
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    ...{ name: 'process_start_time_seconds', registers },
    help: 'When the process began, in seconds since 1970',
  }).set(Date.now() / 1000 - process.uptime());
  new Gauge({
    ...{ name: 'process_open_fds', registers },
    help: 'Files, sockets and the like that are open',
    async collect() {
      this.set((await readdir('/proc/self/fd')).length);
    },
  });
  new Gauge({
    ...{ name: 'process_max_fds', registers },
    help: 'How many may be open',
    async collect() {
      this.set(await maxDescriptors());
    },
  });
}

async function maxDescriptors(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  const [, soft = ''] = /^Max open files +(\S+)/m.exec(limits) ?? [];
  return soft === 'unlimited' ? Infinity : Number(soft);
}
