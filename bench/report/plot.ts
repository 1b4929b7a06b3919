import type { Contender } from '../contenders.js';
import type { CaseResult, Results } from './results.js';
import type { Spread } from './statistics.js';

/** What is drawn beside the limit, which is the line at 1. */
const DRAWN = ['kcap', 'pycapa', 'naive'] as const;

const WIDTH = 900;
const LEFT = 300;
const RIGHT = 80;
const TOP = 74;
const BAR = 12;
const GAP = 3;
const GROUP_GAP = 14;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 15px; font-weight: 600; }
  .small { font-size: 11px; fill: #57606a; }
  .grid { stroke: #57606a; stroke-opacity: 0.2; }
  .limit { stroke: #57606a; stroke-width: 1.5; stroke-dasharray: 4 3; }
  .spread { stroke: #57606a; stroke-width: 1.5; }
  .kcap { fill: #1f77d0; }
  .pycapa { fill: #d9822b; }
  .naive { fill: #9a8fb8; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .small { fill: #9da7b1; }
    .grid, .limit, .spread { stroke: #9da7b1; }
    .kcap { fill: #58a6ff; }
  }`;

/**
 * The ratios to C as an SVG: a group of bars for each case, the median as the bar and its end, the rounds' spread as a
 * line. Its colours follow the reader's.
 */
export function plot(results: Results): string {
  const groups = results.cases
    .map((result) => ({ result, bars: barsOf(result) }))
    .filter(({ bars }) => bars.length > 0);
  const most = longest(groups.flatMap(({ bars }) => bars));
  const x = (ratio: number): number =>
    LEFT + (Math.min(ratio, most) / most) * (WIDTH - LEFT - RIGHT);

  const shapes: string[] = [];
  let y = TOP;
  for (const { result, bars } of groups) {
    const height = bars.length * (BAR + GAP) - GAP;
    shapes.push(text(LEFT - 10, y + height / 2 + 4, result.case.title, 'text-anchor="end"'));
    for (const { contender, ratio } of bars) {
      shapes.push(...barShapes(x, y, contender, ratio));
      y += BAR + GAP;
    }
    y += GROUP_GAP - GAP;
  }
  const height = y + 26;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>Cost and time of kcap, pycapa's loop and the naive Node build as multiples of plain C</title>`,
    `<style>${STYLE}\n</style>`,
    text(20, 24, 'As multiples of plain C in the same round: shorter is better', 'class="title"'),
    ...legend(),
    ...axis(x, most, y - GROUP_GAP / 2),
    ...shapes,
    '</svg>\n',
  ].join('\n');
}

interface Bar {
  readonly contender: Contender;
  readonly ratio: Spread;
}

/** The ratio at the right end. The naive build's bars end there, so that the others can be told apart. */
function longest(bars: readonly Bar[]): number {
  const others = bars.filter(({ contender }) => contender !== 'naive');
  return Math.max(2, ...others.map(({ ratio }) => ratio.max)) * 1.05;
}

function barsOf({ case: { kind }, contenders }: CaseResult): Bar[] {
  // Node's own start is many times that of a program in C, whatever it then does.
  if (kind === 'start' || kind === 'print' || kind === 'sip') return [];
  return DRAWN.flatMap((contender) => {
    const ratio = contenders[contender]?.toC;
    return ratio ? [{ contender, ratio }] : [];
  });
}

function barShapes(
  x: (ratio: number) => number,
  y: number,
  contender: Contender,
  { median, min, max }: Spread,
): string[] {
  const middle = y + BAR / 2;
  return [
    `<rect class="${contender}" x="${LEFT}" y="${y}" width="${at(x(median) - LEFT)}" height="${BAR}" rx="1.5"/>`,
    `<line class="spread" x1="${at(x(min))}" y1="${middle}" x2="${at(x(max))}" y2="${middle}"/>`,
    text(x(max) + 6, y + BAR - 2, median.toFixed(median < 10 ? 2 : 1), 'class="small"'),
  ];
}

function legend(): string[] {
  const names = {
    kcap: 'kcap',
    pycapa: "pycapa's loop",
    naive: 'npm cap + node-rdkafka',
  };
  return DRAWN.flatMap((contender, index) => {
    const left = 20 + index * 130;
    return [
      `<rect class="${contender}" x="${left}" y="37" width="12" height="12" rx="1.5"/>`,
      text(left + 18, 47, names[contender]),
    ];
  });
}

function axis(x: (ratio: number) => number, most: number, bottom: number): string[] {
  const step = [0.5, 1, 2, 5, 10, 20, 50].find((candidate) => most / candidate <= 10) ?? 100;
  const ticks = Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
  return [
    ...ticks.map((tick) => vertical('grid', x(tick), bottom)),
    vertical('limit', x(1), bottom),
    ...ticks.map((tick) =>
      text(x(tick), bottom + 16, String(tick), 'class="small" text-anchor="middle"'),
    ),
    text(x(1), TOP - 10, 'C', 'class="small" text-anchor="middle"'),
  ];
}

function vertical(kind: string, x: number, bottom: number): string {
  return `<line class="${kind}" x1="${at(x)}" y1="${TOP - 6}" x2="${at(x)}" y2="${bottom}"/>`;
}

function text(x: number, y: number, words: string, attributes = ''): string {
  const escaped = words.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  return `<text x="${at(x)}" y="${at(y)}" ${attributes}>${escaped}</text>`;
}

function at(value: number): string {
  return value.toFixed(1);
}
