// The report as people read it: which logs, how many of each verdict, the findings, and on what all of it rests.

import type { OriginReport, Report, Trust } from './report.ts';
import { VERDICTS } from './report.ts';

const SHOWN = 50;
const WIDTH = 110;

/** Whoever can write into a lake can name a file so that a terminal would show another verdict. */
export function visible(line: string): string {
  return line.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

const n = (value: number): string => value.toLocaleString('en-US');

/** The whole report as text, with its last LF. */
export function reportText(report: Report): string {
  const { findings, verdicts } = report;
  const total = VERDICTS.reduce((sum, verdict) => sum + (verdict === 'OK' ? 0 : verdicts[verdict]), 0);
  const lines = [`firn verify ${report.lake}${report.mode === 'quick' ? ' (quick)' : ''}`, ''];
  for (const origin of report.origins) lines.push(...originLines(origin), '');
  const mib = (report.bytes / 1024 / 1024).toFixed(1);
  lines.push(
    `objects     ${n(report.objects)} looked at, ${n(report.records)} lines in those that are OK, ${mib} MiB, ${report.seconds} s`,
  );
  if (report.young > 0)
    lines.push(
      `            ${n(report.young)} files without a seal are younger than the grace: an engine may be about to seal them`,
    );
  lines.push('', 'verdict          count');
  for (const verdict of VERDICTS) {
    if (verdict === 'OK' || verdicts[verdict] > 0)
      lines.push(`${verdict.padEnd(14)}${n(verdicts[verdict]).padStart(8)}`);
  }
  if (total > 0) lines.push('', 'findings');
  for (const { verdict, origin, key, index, reason } of findings.slice(0, SHOWN)) {
    const where = index === null ? '' : `, seal ${index}${report.origins.length > 1 ? ` of ${origin}` : ''}`;
    lines.push(`${verdict.padEnd(14)} ${key}${where}`, `${' '.repeat(15)}${reason}`);
  }
  if (total > SHOWN)
    lines.push(`… and ${n(total - Math.min(SHOWN, findings.length))} more (--json has up to 10,000)`);
  lines.push('', 'basis of trust', ...wrapped(trustText(report)));
  lines.push(
    '',
    total === 0 ? 'SOUND: no finding' : `NOT SOUND: ${n(total)} finding${total === 1 ? '' : 's'}`,
    '',
  );
  return lines.map(visible).join('\n');
}

function originLines({
  origin,
  size,
  root,
  proven,
  seals,
  keys,
  checkpoints,
  begun,
  firstSealed,
  lastSealed,
}: OriginReport): string[] {
  const kinds = Object.entries(seals).map(([kind, count]) => `${n(count)} ${kind}`);
  const span = firstSealed === null ? '' : `, ${firstSealed} to ${lastSealed}`;
  if (!begun) return [`log         ${origin}`, 'seals       none: this log has published nothing yet'];
  const state = proven ? 'recomputed from every seal and signed' : 'NOT proven: see the findings';
  return [
    `log         ${origin}`,
    `seals       ${n(size)} (${kinds.join(', ')})${span}`,
    `root        ${root ?? 'none'}, ${state}; ${n(checkpoints)} kept checkpoint${checkpoints === 1 ? '' : 's'} compared`,
    ...(keys.length === 0 ? ['key         none'] : keys.map((key) => `key         ${key}`)),
  ];
}

function lockText({ lock, expiredLocks }: Trust): string {
  const words = {
    none: 'none: every object can be overwritten or deleted by whoever has the permission',
    governance: 'governance mode, on every object: whoever has a special permission lifts it',
    compliance: 'compliance mode, on every object: nobody lifts it before its time',
    mixed: 'mixed: some objects are locked in another mode than others, or not at all',
  }[lock];
  return expiredLocks === 0 ? words : `${words} (${n(expiredLocks)} locks have run out)`;
}

function trustText({ trust }: Report): string[] {
  const out = [
    trust.keys === 'policy'
      ? 'Keys: from your policy (--policy), not from the lake.'
      : 'Keys: from the lake itself. Whoever could rewrite the whole lake could have replaced them too: keep the policy elsewhere and pass it with --policy.',
    trust.since === null
      ? 'Earlier checkpoint: none was given.'
      : `Earlier checkpoint: of ${trust.since.size} seals of ${trust.since.origin}, kept by you (--since).`,
    `Witnesses: none. Lock: ${lockText(trust)}. A log that its operator signs does not bind its operator; only a lock, or a checkpoint and a key held by someone else, do.`,
  ];
  for (const what of trust.notChecked) out.push(`Not checked: ${what}.`);
  return out;
}

function wrapped(paragraphs: readonly string[]): string[] {
  return paragraphs.flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + word.length + 1 > WIDTH) {
        lines.push(line);
        line = ' ';
      }
      line += line === '' ? word : ` ${word}`;
    }
    return [...lines, line];
  });
}
