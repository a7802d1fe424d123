// `npm run bench:micro`: each step by itself and the whole codec, ours beside others'. Ratios are between arms that took
// turns in this run; every comparison begins by making sure that its arms answer the same.

import { relative } from 'node:path';
import { commandLine, only, positive } from '../command-line.ts';
import { type Machine, readMachine } from '../machine.ts';
import type { Plot } from '../plot.ts';
import { printReport, printSection, type Report, reportJson, type Section, writeReport } from '../report.ts';
import { RESULTS } from '../root.ts';
import { type Measured, type MeasuredArm, measure } from './measure.ts';
import { SUBJECTS } from './subjects.ts';

const RECORDS = 8192;
const ROUNDS = 7;
const SECONDS = 5;
const USAGE = `usage: npm run bench:micro -- (or: firn bench micro) [--only NAME,…] [--seconds N] [--json] [--out FOLDER]
  --only     ${SUBJECTS.map(({ name }) => name).join(', ')}
  --seconds  for each comparison, default ${SECONDS}
  --json     print JSON instead of tables
  --out      folder of micro.json and micro.svg, default ${relative(process.cwd(), RESULTS)}`;

const OPTIONS = {
  only: { type: 'string' },
  seconds: { type: 'string', default: String(SECONDS) },
  json: { type: 'boolean', default: false },
  out: { type: 'string', default: RESULTS },
} as const;

/** A comparison as a section of the report. */
export function sectionOf({ comparison, arms, aa }: Measured): Section {
  const { key, title, unit, clock, notes } = comparison;
  const first = arms[0] as MeasuredArm;
  return {
    key,
    title,
    columns: [
      { name: 'arm' },
      { name: `ns/${unit}` },
      { name: 'low' },
      { name: 'high' },
      { name: '× first', digits: 2 },
    ],
    rows: arms.map(({ name, ns, times }) => [name, ns.median, ns.low, ns.high, times.ratio]),
    notes: [
      `${clock === 'cpu' ? 'CPU' : 'wall'} time, medians and quartiles of ${first.ns.samples} rounds; A/A ${aa.ratio.toFixed(3)} (${aa.low.toFixed(2)}–${aa.high.toFixed(2)})`,
      ...notes,
    ],
    figures: { unit, clock, rounds: first.ns.samples, aa: aa.ratio, aaLow: aa.low, aaHigh: aa.high },
  };
}

function plotOf(measured: readonly Measured[], machine: Machine): Plot & { file: string } {
  return {
    file: 'micro.svg',
    title: 'Cost of each step, and of the whole codec',
    subtitle: `ns of CPU, lower is better; ${machine.cpu}, Node ${machine.node}, commit ${machine.commit?.slice(0, 12) ?? 'unknown'}`,
    unit: 'ns per record, frame or KiB',
    scale: 'log',
    groups: measured
      .filter(({ comparison }) => comparison.clock === 'cpu')
      .map(({ comparison, arms }) => ({
        heading: `${comparison.title} (ns/${comparison.unit})`,
        bars: arms.map(({ name, kind, ns, times }, i) => ({
          label: name,
          value: ns.median,
          kind,
          ...(i === 0 ? {} : { note: `${times.ratio.toFixed(2)}×` }),
        })),
      })),
  };
}

async function main(): Promise<void> {
  const options = commandLine(USAGE, OPTIONS, (values) => ({
    ...values,
    subjects: only(values.only, SUBJECTS),
    seconds: positive('seconds', values.seconds),
  }));
  if (options === null) return;
  const { subjects, seconds, json, out } = options;
  const machine = readMachine();
  const startedUtc = new Date().toISOString();
  const say = json ? () => {} : console.log;
  printReport({ name: 'micro', startedUtc, machine, sections: [], plots: [] }, say);
  const measured: Measured[] = [];
  const sections: Section[] = [];
  const missing = new Set<string>();
  for (const subject of subjects) {
    const prepared = await subject.prepare(RECORDS);
    try {
      for (const comparison of prepared.comparisons) {
        const result = await measure(comparison, { seconds, rounds: ROUNDS });
        const section = sectionOf(result);
        printSection(section, say);
        measured.push(result);
        sections.push(section);
      }
    } finally {
      prepared.close?.();
    }
    for (const sentence of prepared.missing ?? []) missing.add(sentence);
  }
  for (const sentence of missing) say(`\nnot measured: ${sentence}`);
  const report: Report = { name: 'micro', startedUtc, machine, sections, plots: plotsOf(measured, machine) };
  for (const path of writeReport(report, out)) say(`wrote ${path}`);
  if (json)
    console.log(JSON.stringify({ ...(reportJson(report) as object), missing: [...missing] }, null, 2));
}

/** A plot needs a bar: a run of nothing but wall times has none. */
function plotsOf(measured: readonly Measured[], machine: Machine): Report['plots'] {
  return measured.some(({ comparison }) => comparison.clock === 'cpu') ? [plotOf(measured, machine)] : [];
}

if (import.meta.filename === process.argv[1]) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
