// What `firn check` prints for people: a verdict, then the findings by code, with what to do about each.

import type { CheckReport } from '../epcis/check.ts';
import type { Finding } from '../epcis/model.ts';
import { RULES } from '../epcis/rule-codes.ts';
import { visible } from '../verify/print.ts';
import { count, counted } from './words.ts';

/** Findings of one code that are printed. */
const MAX_PRINTED = 10;
const COLOURS = { reject: 31, warn: 33, info: 36, good: 32 } as const;
const SEVERITIES = ['reject', 'warn', 'info'] as const;

/** The report of one file as text that ends with a new line. */
export function checkText(name: string, report: CheckReport, coloured: boolean): string {
  const paint = (colour: keyof typeof COLOURS, text: string): string =>
    coloured ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
  const lines = [`${visible(name)}: ${paint(colourOf(report), verdictOf(report))}`];
  for (const severity of SEVERITIES) {
    for (const [code, findings] of byCode(report.findings, severity)) {
      lines.push('', `  ${paint(severity, severity.padEnd(6))} ${code}${times(findings.length)}`);
      lines.push(...rowsOf(findings));
      lines.push(`         ${adviceOf(code)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function colourOf({ outcome }: CheckReport): keyof typeof COLOURS {
  if (outcome === 'accept_all') return 'good';
  return outcome === 'accept_partial' ? 'warn' : 'reject';
}

function verdictOf({ outcome, events, accepted, findings }: CheckReport): string {
  if (outcome === 'reject_document') return 'the document is refused';
  const duplicates = new Set(
    findings.filter(({ code }) => code === 'L12_DUPLICATE_EVENT').map(({ event }) => event),
  ).size;
  const known = duplicates === 0 ? '' : `, ${counted(duplicates, 'duplicate')}`;
  if (outcome === 'accept_all') return `accepted, ${counted(events, 'event')}${known}`;
  const refused = refusedEvents(findings);
  const stored = accepted === 0 ? 'none is stored' : `${count(accepted)} would be stored`;
  return `${count(refused)} of ${counted(events, 'event')} refused, ${stored}${known}`;
}

function refusedEvents(findings: readonly Finding[]): number {
  return new Set(
    findings
      .filter(({ severity, event }) => severity === 'reject' && event !== null)
      .map(({ event }) => event),
  ).size;
}

function byCode(findings: readonly Finding[], severity: Finding['severity']): Map<string, Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (finding.severity !== severity) continue;
    const group = groups.get(finding.code);
    if (group === undefined) groups.set(finding.code, [finding]);
    else group.push(finding);
  }
  return groups;
}

const times = (n: number): string => (n === 1 ? '' : `, ${count(n)} times`);

function rowsOf(findings: readonly Finding[]): string[] {
  const shown = findings.slice(0, MAX_PRINTED);
  const where = shown.map(({ event }) => (event === null ? 'document' : `event ${event}`));
  const width = Math.max(...where.map((text) => text.length));
  const rows = shown.flatMap(({ pointer, detail }, i) => [
    `         ${(where[i] as string).padEnd(width)}  ${visible(detail)}`,
    ...(pointer === '' ? [] : [`         ${' '.repeat(width)}  at ${visible(pointer)}`]),
  ]);
  const rest = findings.length - shown.length;
  return rest === 0 ? rows : [...rows, `         and ${count(rest)} more`];
}

function adviceOf(code: string): string {
  return Object.hasOwn(RULES, code) ? RULES[code as keyof typeof RULES].advice : '';
}
