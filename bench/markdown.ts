// A report as Markdown, so that what was measured can be published as it was printed.

import { describeMachine, warningsOf } from './machine.ts';
import type { Report, Section } from './report.ts';
import { formatCell } from './table.ts';

/** The text of a Markdown file: the machine, each section as a table, its notes as a list. */
export function reportMarkdown(report: Report): string {
  const { startedUtc, machine, sections, plots } = report;
  return [
    `Measured ${startedUtc}.`,
    '',
    ...describeMachine(machine).map((line) => `- ${line}`),
    ...warningsOf(machine).map((warning) => `- warning: ${warning}`),
    ...plots.flatMap(({ file, title }) => ['', `![${title}](${file})`]),
    ...sections.flatMap(sectionLines),
    '',
  ].join('\n');
}

function sectionLines({ title, columns, rows, notes }: Section): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  const table =
    columns.length === 0
      ? []
      : [
          '',
          line(columns.map(({ name }) => name)),
          line(columns.map(() => '---')),
          ...rows.map((row) =>
            line(row.map((cell, i) => formatCell(cell, columns[i] as (typeof columns)[number]))),
          ),
        ];
  return [
    '',
    `### ${title}`,
    ...table,
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => `- ${note}`)]),
  ];
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
