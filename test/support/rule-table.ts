// The table of rule codes in EPCIS.md, as it follows from the code.

import { RULES, type RuleCode, severityOf } from '../../engine/epcis/rule-codes.ts';

const PROFILES = ['generic', 'dscsa', 'r1.3-strict'] as const;

/** One row a code: its severity, by profile where they differ, and its sentence. */
export function ruleTable(): string {
  const rows = Object.entries(RULES).map(([code, { advice }]) => {
    const [generic, dscsa, strict] = PROFILES.map((profile) => severityOf(code as RuleCode, profile));
    const same = generic === dscsa && dscsa === strict;
    return `| \`${code}\` | ${same ? generic : `${generic} · ${dscsa} · ${strict}`} | ${advice} |`;
  });
  return ['| code | severity (generic · dscsa · r1.3-strict) | |', '| --- | --- | --- |', ...rows].join('\n');
}
