// What all parts of the suite share on the command line and around a run: options, the records, progress, and where the
// report goes.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { commandLine, positive } from './command-line.ts';
import { type Machine, readMachine } from './machine.ts';
import type { Plot } from './plot.ts';
import { printReport, printSection, type Report, reportJson, type Section, writeReport } from './report.ts';
import { RESULTS } from './root.ts';
import { makeWorkload, writeWorkload } from './workload.ts';

/** What a part is given. */
export interface Run {
  /** Measured seconds of one trial. */
  readonly seconds: number;
  /** File of the records, one a line. */
  readonly records: string;
  readonly machine: Machine;
  /** Prints a section and keeps it for the report. */
  add(section: Section): void;
  plot(plot: Plot & { readonly file: string }): void;
  /** One line about what is going on, for people at a terminal. */
  progress(text: string): void;
}

export interface Part {
  /** `engine`, `peers` …: names its files and its command. */
  readonly name: string;
  /** One sentence for --help. */
  readonly about: string;
  readonly seconds: number;
  run(run: Run): Promise<void>;
}

/**
 * Runs parts as the command line asks; the report is named `name`.
 * Exit code: 0 = measured, 1 = a trial failed or gave wrong answers, 2 = bad options.
 */
export async function runParts(name: string, parts: readonly Part[]): Promise<void> {
  const seconds = parts[0]?.seconds ?? 3;
  const usage = [
    `usage: npm run ${name === 'all' ? 'bench' : `bench:${name}`} -- [--seconds N] [--json] [--out FOLDER]`,
    ...parts.map((part) => `  ${part.about}`),
    `  --seconds  measured in one trial, default ${seconds}`,
    '  --json     print JSON instead of tables',
    `  --out      folder of ${name}.json and the plots, default ${relative(process.cwd(), RESULTS)}`,
  ].join('\n');
  const flags = {
    seconds: { type: 'string', default: String(seconds) },
    json: { type: 'boolean', default: false },
    out: { type: 'string', default: RESULTS },
  } as const;
  const options = commandLine(usage, flags, (values) => ({
    ...values,
    seconds: positive('seconds', values.seconds),
  }));
  if (options === null) return;
  const folder = mkdtempSync(join(tmpdir(), 'firn-bench-'));
  // What servers write lies in it too, so that nothing is left behind, whatever ends the run.
  process.env['TMPDIR'] = folder;
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  const stop = (): never => {
    // Behind the listeners that end the servers: until then they write into the folder.
    process.once('exit', remove);
    process.exit(130);
  };
  // `on`: a second signal must not end the process before the folder is gone.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  try {
    await measure(name, parts, { ...options, folder });
  } catch (error) {
    clearProgress();
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    remove();
  }
}

interface Options {
  readonly seconds: number;
  readonly json: boolean;
  readonly out: string;
}

async function measure(
  name: string,
  parts: readonly Part[],
  options: Options & { folder: string },
): Promise<void> {
  const { json, out, seconds, folder } = options;
  const say = json ? () => {} : console.log;
  const machine = readMachine();
  const startedUtc = new Date().toISOString();
  const records = join(folder, 'records.ndjson');
  writeWorkload(records, makeWorkload());
  const sections: Section[] = [];
  const plots: (Plot & { file: string })[] = [];
  printReport({ name, startedUtc, machine, sections: [], plots: [] }, say);
  const run: Run = {
    seconds,
    records,
    machine,
    add: (section) => {
      clearProgress();
      sections.push(section);
      printSection(section, say);
    },
    plot: (plot) => plots.push(plot),
    progress,
  };
  for (const part of parts) await part.run(run);
  clearProgress();
  const report: Report = { name, startedUtc, machine, sections, plots };
  for (const path of writeReport(report, out)) say(`wrote ${path}`);
  if (json) console.log(JSON.stringify(reportJson(report), null, 2));
}

/** Written over the line before; only where somebody looks. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

function clearProgress(): void {
  progress('');
}
