// The report of a bench: sections of rows with the facts of the machine beside them, as tables for people, as JSON for
// programs, and as plots. One shape for every part of the suite.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeMachine, type Machine, warningsOf } from './machine.ts';
import { reportMarkdown } from './markdown.ts';
import { barPlot, type Plot } from './plot.ts';
import { type Cell, type Column, formatTable } from './table.ts';

/** A table with its words. `key` names it in JSON and on the command line. */
export interface Section {
  readonly key: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** Sentences under the table: the A/A line, what an arm does not do, what was not installed. */
  readonly notes: readonly string[];
  /** Figures beside the rows, such as the A/A ratio: for programs, which should not have to read notes. */
  readonly figures?: Readonly<Record<string, number | string>>;
}

export interface Report {
  /** `micro`, `engine`, `peers` …: the name of its files. */
  readonly name: string;
  /** When the run began, ISO 8601. */
  readonly startedUtc: string;
  readonly machine: Machine;
  readonly sections: readonly Section[];
  readonly plots: readonly (Plot & { readonly file: string })[];
}

/** The report as text, one line each. */
export function printReport(report: Report, print: (line: string) => void = console.log): void {
  print(`bench:${report.name}, ${report.startedUtc}`);
  for (const line of describeMachine(report.machine)) print(`  ${line}`);
  for (const warning of warningsOf(report.machine)) print(`  warning: ${warning}`);
  for (const section of report.sections) printSection(section, print);
}

/** One section as text, with an empty line before it. */
export function printSection(section: Section, print: (line: string) => void = console.log): void {
  print('');
  print(section.title);
  for (const line of formatTable(section.columns, section.rows)) print(`  ${line}`);
  for (const note of section.notes) print(`  ${note}`);
}

/** The report as a JSON value: rows become objects with the columns' names, so that a reader needs no order. */
export function reportJson(report: Report): unknown {
  const { name, startedUtc, machine, sections } = report;
  return {
    bench: name,
    startedUtc,
    machine,
    warnings: warningsOf(machine),
    sections: sections.map(({ key, title, columns, rows, notes, figures }) => ({
      key,
      title,
      rows: rows.map((row) => Object.fromEntries(columns.map((column, i) => [column.name, row[i] ?? null]))),
      notes,
      ...(figures === undefined ? {} : { figures }),
    })),
  };
}

/**
 * Writes `<name>.json`, `<name>.md` and the plots into a folder, which is made where it is missing.
 * @returns the paths written.
 */
export function writeReport(report: Report, folder: string): string[] {
  const files = [
    { path: join(folder, `${report.name}.json`), text: `${JSON.stringify(reportJson(report), null, 2)}\n` },
    { path: join(folder, `${report.name}.md`), text: reportMarkdown(report) },
    ...report.plots.map((plot) => ({ path: join(folder, plot.file), text: barPlot(plot) })),
  ];
  for (const { path, text } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return files.map(({ path }) => path);
}
