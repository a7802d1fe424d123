// What a bench says: tables, plots and JSON from made-up figures, and the facts of this machine.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeMachine, type Machine, readMachine, warningsOf } from '../../bench/machine.ts';
import { barPlot, type Plot } from '../../bench/plot.ts';
import { printReport, type Report, writeReport } from '../../bench/report.ts';
import { formatNumber, formatTable } from '../../bench/table.ts';

const QUIET: Machine = {
  commit: '0123456789abcdef0123456789abcdef01234567',
  dirty: false,
  node: 'v20.20.2',
  v8: '11.3',
  codec: 'native',
  codecNote: null,
  shaInstructions: true,
  cpu: 'A processor',
  cores: 2,
  flags: ['sha_ni', 'avx2'],
  hypervisor: true,
  governor: null,
  kernel: 'linux 6.1 x64',
  memoryGib: 24,
  load: 0.1,
};

const PLOT: Plot = {
  title: 'ns < per & record',
  subtitle: 'here',
  unit: 'ns/record',
  scale: 'linear',
  groups: [
    {
      heading: 'whole codec',
      bars: [
        { label: 'native', value: 300, kind: 'ours' },
        { label: 'plain', value: 3000, note: '10×' },
      ],
    },
  ],
};

/** x, y, width of the bars and the classes they have, in order. */
function barsOf(svg: string): { kind: string; width: number }[] {
  return [...svg.matchAll(/<rect class="(ours|peer|bound)"[^>]* width="([\d.]+)"/g)].map(
    ([, kind, width]) => ({
      kind: kind as string,
      width: Number(width),
    }),
  );
}

describe('report', () => {
  test('table: numbers stand to the right, words to the left, nothing is a dash', () => {
    const lines = formatTable(
      [{ name: 'arm' }, { name: 'ns', digits: 1 }, { name: 'ratio' }],
      [
        ['native', 310.04, 1],
        ['plain JavaScript', 12345.6, null],
      ],
    );
    expect(lines).toEqual([
      'arm                     ns  ratio',
      '────────────────  ────────  ─────',
      'native               310.0   1.00',
      'plain JavaScript  12,345.6      –',
    ]);
    expect(() => formatTable([{ name: 'a' }], [['b', 1]])).toThrow(/1 columns/);
  });

  test('table: numbers keep three significant digits and thousands apart', () => {
    expect([0, 0.5, 12.34, 123.4, 1234567].map((value) => formatNumber(value))).toEqual([
      '0',
      '0.50',
      '12.3',
      '123',
      '1,234,567',
    ]);
  });

  test('plot: on a linear scale a bar ten times the value is ten times as long', () => {
    const svg = barPlot(PLOT);
    const [ours, peer] = barsOf(svg) as [{ kind: string; width: number }, { kind: string; width: number }];
    expect([ours.kind, peer.kind]).toEqual(['ours', 'peer']);
    expect(peer.width / ours.width).toBeCloseTo(10, 1);
    expect(svg).toContain('ns &lt; per &amp; record');
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('plot: on a log scale equal ratios are equal lengths, and the smallest bar can be seen', () => {
    const bars = [1, 10, 100].map((value) => ({ label: String(value), value }));
    const svg = barPlot({ ...PLOT, scale: 'log', groups: [{ heading: '', bars }] });
    const [one, ten, hundred] = barsOf(svg).map(({ width }) => width) as [number, number, number];
    expect(one).toBeGreaterThan(10);
    expect(hundred - ten).toBeCloseTo(ten - one, 0);
    expect(svg).toContain('(log scale)');
  });

  test('plot: every tag is closed, so that it is well-formed XML', () => {
    const svg = barPlot(PLOT);
    const open: string[] = [];
    for (const [, close, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (close === '/') expect(open.pop()).toBe(name);
      else if (self !== '/') open.push(name as string);
    }
    expect(open).toEqual([]);
  });

  test('plot: what a scale cannot show is refused with its label', () => {
    const withBar = (value: number, scale: Plot['scale']) => () =>
      barPlot({ ...PLOT, scale, groups: [{ heading: '', bars: [{ label: 'odd', value }] }] });
    expect(withBar(0, 'log')).toThrow(/"odd"/);
    expect(withBar(-1, 'linear')).toThrow(/"odd"/);
    expect(withBar(Number.NaN, 'linear')).toThrow(/"odd"/);
    expect(() => barPlot({ ...PLOT, groups: [] })).toThrow(/at least one bar/);
  });

  test('machine: a quiet machine gives no warning, each disturbance its own', () => {
    expect(warningsOf(QUIET)).toEqual([]);
    const noisy: Machine = {
      ...QUIET,
      load: 1.5,
      dirty: true,
      governor: 'powersave',
      codec: 'portable',
      codecNote: 'the native codec is not built',
    };
    const text = warningsOf(noisy).join('\n');
    for (const word of [/load is 1\.5/, /not committed/, /powersave/, /portable codec/])
      expect(text).toMatch(word);
  });

  test('machine: this machine has a processor, a kernel and a codec', () => {
    const machine = readMachine();
    expect(machine.cores).toBeGreaterThan(0);
    expect(machine.codecNote === null).toBe(machine.codec === 'native');
    expect(describeMachine(machine).join(' ')).toContain(machine.node);
  });

  test('report: is printed, and written as JSON with named columns beside its plots', () => {
    const folder = mkdtempSync(join(tmpdir(), 'firn-report-'));
    const report: Report = {
      name: 'micro',
      startedUtc: '2026-11-20T00:00:00.000Z',
      machine: { ...QUIET, load: 2 },
      sections: [
        {
          key: 'codec',
          title: 'whole codec',
          columns: [{ name: 'arm' }, { name: 'ns' }],
          rows: [['native', 300]],
          notes: ['A/A 1.00'],
          figures: { aa: 1.004 },
        },
      ],
      plots: [{ ...PLOT, file: 'micro.svg' }],
    };
    try {
      const lines: string[] = [];
      printReport(report, (line) => lines.push(line));
      expect(lines.join('\n')).toContain('warning: the load is 2');
      expect(lines).toContain('  native  300');
      const [json, markdown, svg] = writeReport(report, join(folder, 'new')) as [string, string, string];
      expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
        bench: 'micro',
        machine: { codec: 'native' },
        sections: [
          { key: 'codec', rows: [{ arm: 'native', ns: 300 }], notes: ['A/A 1.00'], figures: { aa: 1.004 } },
        ],
      });
      expect(readFileSync(markdown, 'utf8')).toContain(
        '\n| arm | ns |\n| --- | --- |\n| native | 300 |\n\n- A/A 1.00\n',
      );
      expect(readFileSync(svg, 'utf8')).toMatch(/^<svg /);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
