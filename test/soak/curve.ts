// Curves over time as an SVG of our own, one panel below the other, outages shaded: no dependency, readable on light and
// dark grounds, the same input gives the same bytes.

export interface Curve {
  readonly label: string;
  readonly values: readonly number[];
  /** Behind the label, such as the verdict. */
  readonly note?: string;
}

export interface CurvePlot {
  readonly title: string;
  readonly subtitle: string;
  /** Seconds of each value of each curve. */
  readonly seconds: readonly number[];
  /** Stretches to shade, in seconds. */
  readonly shaded: readonly (readonly [number, number])[];
  readonly curves: readonly Curve[];
}

const WIDTH = 860;
const LEFT = 64;
const RIGHT = 24;
const TOP = 76;
const PANEL = 96;
const GAP = 38;

const STYLE = [
  'text{font:13px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328}',
  '.title{font-size:17px;font-weight:600}.quiet{fill:#59636e;font-size:12px}.ground{fill:#ffffff}',
  '.grid{stroke:#d1d9e0}.shade{fill:#bf8700;opacity:.18}.curve{fill:none;stroke:#0969da;stroke-width:1.6}',
  '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}.ground{fill:#0d1117}',
  '.grid{stroke:#30363d}.curve{stroke:#4493f8}}',
].join('');

/** The text of an SVG file. Each panel begins at 0. @throws RangeError where a curve has not as many values as there are seconds. */
export function curvePlot({ title, subtitle, seconds, shaded, curves }: CurvePlot): string {
  const height = TOP + curves.length * (PANEL + GAP) + 20;
  const last = Math.max(1, seconds.at(-1) ?? 0);
  const x = (at: number): number => round(LEFT + ((WIDTH - LEFT - RIGHT) * at) / last);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escapeXml(title)}</title><style>${STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}" rx="8"/>`,
    text(24, 32, title, 'title'),
    text(24, 52, subtitle, 'quiet'),
  ];
  for (const [row, { label, values, note }] of curves.entries()) {
    if (values.length !== seconds.length)
      throw new RangeError(`${label} has ${values.length} values for ${seconds.length} moments`);
    const top = TOP + row * (PANEL + GAP) + 18;
    const most = Math.max(1, ...values);
    const y = (value: number): number => round(top + PANEL * (1 - value / most));
    for (const [from, to] of shaded)
      parts.push(
        `<rect class="shade" x="${x(from)}" y="${top}" width="${Math.max(1, round(x(to) - x(from)))}" height="${PANEL}"/>`,
      );
    for (const value of [0, most]) {
      parts.push(
        `<line class="grid" x1="${LEFT}" y1="${y(value)}" x2="${WIDTH - RIGHT}" y2="${y(value)}"/>`,
        text(LEFT - 6, y(value) + 4, String(Math.round(value)), 'quiet', 'end'),
      );
    }
    const points = values.map((value, i) => `${x(seconds[i] as number)},${y(value)}`).join(' ');
    parts.push(
      text(LEFT, top - 6, note === undefined ? label : `${label} · ${note}`),
      `<polyline class="curve" points="${points}"/>`,
    );
  }
  parts.push(text(WIDTH - RIGHT, height - 14, `${Math.round(last / 6) / 10} min`, 'quiet', 'end'), '</svg>');
  return `${parts.join('\n')}\n`;
}

function text(x: number, y: number, words: string, kind = '', anchor = ''): string {
  const attributes = `${kind === '' ? '' : ` class="${kind}"`}${anchor === '' ? '' : ` text-anchor="${anchor}"`}`;
  return `<text x="${x}" y="${y}"${attributes}>${escapeXml(words)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeXml(words: string): string {
  return words.replace(
    /[&<>"]/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] as string,
  );
}
