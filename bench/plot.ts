// Horizontal bars as an SVG of our own: no dependency, readable on light and dark grounds, the same input gives the same
// bytes. Text is real text, so it can be searched and read aloud.

import { formatNumber } from './table.ts';

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Written behind the value. */
  readonly note?: string;
  /** 'ours' stands out. */
  readonly kind?: 'ours' | 'peer' | 'bound';
}

/** Bars under a heading of their own. */
export interface BarGroup {
  readonly heading: string;
  readonly bars: readonly Bar[];
}

export interface Plot {
  readonly title: string;
  /** Under the title: what was measured where. */
  readonly subtitle?: string;
  /** Of the values; stands at the axis. */
  readonly unit: string;
  readonly scale: 'linear' | 'log';
  readonly groups: readonly BarGroup[];
}

const WIDTH = 860;
const MARGIN = 24;
const ROW = 24;
const BAR = 16;
const HEADING = 30;
/** Mean advance of a character at 13 px in a sans-serif face, generous so that nothing is cut. */
const CHARACTER = 7.2;

const STYLE = [
  'text{font:13px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328}',
  '.title{font-size:17px;font-weight:600}.heading{font-weight:600}.quiet{fill:#59636e;font-size:12px}',
  '.ground{fill:#ffffff}.grid{stroke:#d1d9e0}.ours{fill:#0969da}.peer{fill:#8c959f}.bound{fill:#bf8700}',
  '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}.ground{fill:#0d1117}',
  '.grid{stroke:#30363d}.ours{fill:#4493f8}.peer{fill:#6e7681}.bound{fill:#d29922}}',
].join('');

/**
 * The text of an SVG file.
 * @throws RangeError when there is no bar, a value is negative or no number, or a value is 0 on a log scale.
 */
export function barPlot(plot: Plot): string {
  const bars = plot.groups.flatMap((group) => group.bars);
  checkBars(bars, plot.scale);
  const labelWidth = Math.ceil(Math.max(...bars.map(({ label }) => label.length)) * CHARACTER);
  const valueWidth = Math.ceil(Math.max(...bars.map((bar) => valueText(bar).length)) * CHARACTER) + 8;
  const left = MARGIN + labelWidth + 10;
  const width = Math.max(WIDTH, left + 200 + valueWidth + MARGIN);
  const right = width - MARGIN - valueWidth;
  const axis = makeAxis(
    bars.map(({ value }) => value),
    plot.scale,
    left,
    right,
  );
  const top = plot.subtitle === undefined ? 56 : 76;
  const rows = plot.groups.reduce(
    (sum, { bars: of, heading }) => sum + of.length * ROW + (heading === '' ? 6 : HEADING),
    0,
  );
  const bottom = top + rows;
  const height = bottom + 44;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escapeXml(plot.title)}</title><style>${STYLE}</style>`,
    `<rect class="ground" width="${width}" height="${height}" rx="8"/>`,
    textAt(MARGIN, 32, plot.title, 'title'),
    ...(plot.subtitle === undefined ? [] : [textAt(MARGIN, 52, plot.subtitle, 'quiet')]),
    ...axis.ticks.flatMap((tick) => {
      const x = round(axis.x(tick));
      return [
        `<line class="grid" x1="${x}" y1="${top}" x2="${x}" y2="${bottom}"/>`,
        textAt(x, bottom + 16, formatTick(tick), 'quiet', 'middle'),
      ];
    }),
    ...drawGroups(plot.groups, top, left, axis.x),
    textAt(right, bottom + 34, `${plot.unit}${plot.scale === 'log' ? ' (log scale)' : ''}`, 'quiet', 'end'),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function checkBars(bars: readonly Bar[], scale: Plot['scale']): void {
  if (bars.length === 0) throw new RangeError('a plot needs at least one bar');
  for (const { label, value } of bars) {
    if (!Number.isFinite(value) || value < 0 || (scale === 'log' && value === 0)) {
      throw new RangeError(
        `the bar ${JSON.stringify(label)} has the value ${value}, which a ${scale} scale cannot show`,
      );
    }
  }
}

function drawGroups(
  groups: readonly BarGroup[],
  top: number,
  left: number,
  x: (value: number) => number,
): string[] {
  const parts: string[] = [];
  let y = top;
  for (const { heading, bars } of groups) {
    if (heading !== '') parts.push(textAt(MARGIN, y + 20, heading, 'heading'));
    y += heading === '' ? 6 : HEADING;
    for (const bar of bars) {
      const end = round(x(bar.value));
      const base = y + 13;
      parts.push(
        textAt(left - 8, base, bar.label, '', 'end'),
        `<rect class="${bar.kind ?? 'peer'}" x="${left}" y="${y}" width="${Math.max(1, round(end - left))}" height="${BAR}" rx="2"/>`,
        textAt(Math.max(left + 1, end) + 6, base, valueText(bar)),
      );
      y += ROW;
    }
  }
  return parts;
}

interface Axis {
  readonly ticks: readonly number[];
  x(value: number): number;
}

/** Linear from 0, log from the power of ten at or below the smallest value. Ticks are round numbers within the axis. */
function makeAxis(values: readonly number[], scale: Plot['scale'], left: number, right: number): Axis {
  const most = Math.max(...values);
  const span = right - left;
  if (scale === 'linear') {
    const end = most === 0 ? 1 : most;
    const step = niceStep(end / 6);
    const ticks = Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => i * step);
    return { ticks, x: (value) => left + (span * value) / end };
  }
  const least = Math.min(...values);
  // A bar whose value is the lowest power of ten would have no length.
  const low = Math.ceil(Math.log10(least)) - 1;
  const high = Math.max(low + 1, Math.log10(most));
  const ticks: number[] = [];
  for (let power = low; power <= high + 1e-9; power++) ticks.push(10 ** power);
  return { ticks, x: (value) => left + (span * (Math.log10(value) - low)) / (high - low) };
}

/** The smallest of 1, 2, 5 times a power of ten that is not below `wanted`. */
function niceStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted));
  for (const factor of [1, 2, 5]) if (factor * power >= wanted * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

function valueText({ value, note }: Bar): string {
  return note === undefined ? formatNumber(value) : `${formatNumber(value)} · ${note}`;
}

function formatTick(value: number): string {
  const suffixes: readonly (readonly [number, string])[] = [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ];
  for (const [size, suffix] of suffixes)
    if (value >= size) return `${Number((value / size).toPrecision(4))}${suffix}`;
  return String(Number(value.toPrecision(4)));
}

function textAt(x: number, y: number, text: string, kind = '', anchor = ''): string {
  const attributes = `${kind === '' ? '' : ` class="${kind}"`}${anchor === '' ? '' : ` text-anchor="${anchor}"`}`;
  return `<text x="${round(x)}" y="${y}"${attributes}>${escapeXml(text)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeXml(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] as string,
  );
}
