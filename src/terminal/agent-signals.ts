import { exitNow } from './exit.js';
import { wasIgnored } from './ignored-signals.js';

/** What an agent does at signals. */
export interface AgentSignals {
  /** SIGTERM and SIGINT; a second one ends the process. */
  readonly stop: (signal: NodeJS.Signals) => void;
  /** SIGHUP. */
  readonly reload: () => void;
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Listens to an agent's signals until the returned function is called. Those that were ignored at the start stay so. */
export function onAgentSignals({ stop, reload }: AgentSignals): () => void {
  let asked = false;
  const listeners: (readonly [signal: NodeJS.Signals, listener: () => void])[] = [
    ...STOP_SIGNALS.map((signal) => {
      const listener = () => {
        if (asked) exitNow(1);
        asked = true;
        stop(signal);
      };
      return [signal, listener] as const;
    }),
    ['SIGHUP', reload],
  ];
  const heard = listeners.filter(([signal]) => !wasIgnored(signal));
  for (const [signal, listener] of heard) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of heard) process.off(signal, listener);
  };
}
