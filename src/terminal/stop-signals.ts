import { wasIgnored } from './ignored-signals.js';

const STOP_SIGNALS = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).filter(
  (signal) => !wasIgnored(signal),
);

type Listener = (signal: NodeJS.Signals) => void;

let current: Listener | undefined;

/**
 * Calls the listener for each signal that asks kcap to end, in place of the listener before; without one, such a signal
 * ends the process. Signals that were ignored at the start stay so.
 */
export function onStopSignal(listener: Listener | undefined): void {
  if (current === undefined && listener !== undefined)
    for (const signal of STOP_SIGNALS) process.on(signal, callCurrent);
  current = listener;
  if (listener === undefined) for (const signal of STOP_SIGNALS) process.off(signal, callCurrent);
}

function callCurrent(signal: NodeJS.Signals): void {
  current?.(signal);
}
