import type { Reach } from '../packet/reach.js';
import { packetsWithFate, type Account } from '../pipeline/account.js';
import { lost } from '../pipeline/summary.js';

/** Over how long a rate is measured. */
const RATE_MS = 3000;

/** What the progress line shows. */
export interface ProgressFacts {
  readonly packets: number;
  /** Packets a second. */
  readonly rate: number;
  readonly bytes: number;
  readonly lost: number;
  readonly spooled: number;
  readonly lagMessages?: number | undefined;
  /** 0 to 1. */
  readonly share?: number | undefined;
  readonly secondsLeft?: number | undefined;
}

/** Measures a run from look to look. */
export class Progress {
  readonly #marks: { readonly atMs: number; readonly packets: number }[] = [
    { atMs: 0, packets: 0 },
  ];

  look(account: Account, { share, lagMessages }: Reach, durationMs: number): ProgressFacts {
    const { packets, bytes } = account.in;
    return {
      ...{ packets, bytes, lost: lost(account), spooled: packetsWithFate(account, 'spooled') },
      ...{ rate: this.#rate(packets, durationMs), lagMessages, share },
      secondsLeft: share ? (durationMs / 1000) * (1 / share - 1) : undefined,
    };
  }

  #rate(packets: number, atMs: number): number {
    this.#marks.push({ atMs, packets });
    while ((this.#marks[1]?.atMs ?? atMs) <= atMs - RATE_MS) this.#marks.shift();
    const since = this.#marks[0] ?? { atMs: 0, packets: 0 };
    return atMs > since.atMs ? ((packets - since.packets) * 1000) / (atMs - since.atMs) : 0;
  }
}

/** A part of the line; where there is no room, those of the highest ranks go first. */
interface Part {
  readonly rank: number;
  readonly text: string;
}

/** The facts as one line of at most so many columns: each of its characters takes one. */
export function progressText(facts: ProgressFacts, columns = Infinity): string {
  let parts = partsOf(facts);
  const text = () => parts.map((part) => part.text).join(', ');
  while (parts.length > 1 && text().length > columns) {
    const last = Math.max(...parts.map(({ rank }) => rank));
    parts = parts.filter(({ rank }) => rank !== last);
  }
  return text().slice(0, Math.max(columns, 0));
}

function partsOf(facts: ProgressFacts): Part[] {
  const { packets, rate, bytes, lagMessages, share, secondsLeft } = facts;
  return [
    { rank: 0, text: `${packets} packets` },
    { rank: 2, text: `${shortened(rate)}/s` },
    { rank: 7, text: shortened(bytes, 'B') },
    ...(facts.lost > 0 ? [{ rank: 3, text: `${facts.lost} lost` }] : []),
    ...(facts.spooled > 0 ? [{ rank: 6, text: `${facts.spooled} spooled` }] : []),
    ...(lagMessages === undefined ? [] : [{ rank: 5, text: `lag ${shortened(lagMessages)}` }]),
    ...(share === undefined ? [] : [{ rank: 1, text: `${Math.floor(share * 100)}%` }]),
    ...(secondsLeft === undefined ? [] : [{ rank: 4, text: `${clock(secondsLeft)} left` }]),
  ];
}

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/** With three digits and a power of 1000: `999`, `1.20 k`, `12.3 M`. */
function shortened(number: number, unit = ''): string {
  let [value, power] = [Math.round(number), 0];
  // What would be shown as 1000 is 1.00 of the next.
  while (value >= 999.5 && power < PREFIXES.length - 1) {
    value /= 1000;
    power++;
  }
  const digits = power === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  const behind = `${PREFIXES[power] ?? ''}${unit}`;
  return `${value.toFixed(digits)}${behind === '' ? '' : ' '}${behind}`;
}

/** `0:09`, `12:34`, `1:02:03`. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = two(whole % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
