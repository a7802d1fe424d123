// Findings as a person reads them, for `firn check` and `firn capture`: one paragraph a code, the graver ones first, with
// what to do about it and the first places. What a document says is never written raw to a terminal.

import type { Finding } from '../epcis/model.ts';
import { RULES } from '../epcis/rule-codes.ts';
import { visible } from '../verify/print.ts';
import { count, counted } from './words.ts';

/** Places shown of one code. */
const MOST_PLACES = 5;

const ORDER: Readonly<Record<Finding['severity'], number>> = { reject: 0, warn: 1, info: 2 };
const WORD: Readonly<Record<Finding['severity'], string>> = { reject: 'REJECT', warn: 'warn', info: 'info' };

/** The findings of one document as text, each line indented by two; `''` where there are none. */
export function findingsText(findings: readonly Finding[], most = MOST_PLACES): string {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${ORDER[finding.severity]} ${finding.code}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  return [...groups]
    .sort(([a], [b]) => Number(a[0]) - Number(b[0]))
    .map(([, group]) => paragraph(group, most))
    .join('');
}

/** Writes the findings of one document. */
export function printFindings(
  findings: readonly Finding[],
  { out = process.stdout, most = MOST_PLACES }: { out?: NodeJS.WritableStream; most?: number } = {},
): void {
  const text = findingsText(findings, most);
  if (text !== '') out.write(text);
}

function paragraph(group: readonly Finding[], most: number): string {
  const { code, severity } = group[0] as Finding;
  const times = group.length === 1 ? '' : `  ${count(group.length)} times`;
  const lines = [`  ${WORD[severity].padEnd(6)}  ${visible(code)}${times}`];
  const advice = adviceOf(code);
  if (advice !== null) lines.push(`          ${advice}`);
  for (const finding of group.slice(0, most)) {
    lines.push(`          ${place(finding)}`);
    if (finding.detail !== '') lines.push(`            ${visible(finding.detail)}`);
  }
  const rest = group.slice(most);
  if (rest.length > 0) lines.push(`          and ${counted(rest.length, 'more place')}${eventsOf(rest)}`);
  return `${lines.join('\n')}\n`;
}

function place({ event, pointer }: Finding): string {
  const where = event === null ? 'document' : `event ${event}`;
  return pointer === '' ? where : `${where}  ${visible(pointer)}`;
}

/** `: events 7, 9, 12 …`, each once. */
function eventsOf(findings: readonly Finding[]): string {
  const events = [...new Set(findings.flatMap(({ event }) => (event === null ? [] : [event])))];
  if (events.length === 0) return '';
  const shown = events.slice(0, 10).join(', ');
  return `: ${events.length === 1 ? 'event' : 'events'} ${shown}${events.length > 10 ? ' …' : ''}`;
}

/** What the sender should do; null for a code that this version does not know. */
function adviceOf(code: string): string | null {
  return Object.hasOwn(RULES, code) ? RULES[code as keyof typeof RULES].advice : null;
}
