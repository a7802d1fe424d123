// Checks a text as `firn check` does, in memory, with the directory and sender of the example documents.

import { type CheckOptions, type CheckReport, checkDocument } from '../../engine/epcis/check.ts';
import { GLNS, MAKER_GLN } from './epcis-documents.ts';

export const NOW: number = Date.parse('2026-01-01T00:00:00Z');

/** Judges by profile dscsa, proceed, and the directory of `dscsaPlan`, where `options` does not say otherwise. */
export function checkText(
  text: string | Uint8Array,
  options: Partial<CheckOptions> = {},
): Promise<CheckReport> {
  const bytes = Buffer.from(text as string);
  return checkDocument(
    async function* pieces() {
      // Small enough that no event comes whole.
      for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
    },
    {
      profile: 'dscsa',
      gln: MAKER_GLN,
      partners: new Set(GLNS),
      nowMs: NOW,
      staleMs: null,
      behaviour: 'proceed',
      ...options,
    },
  );
}

/** What is found beside the rules of history that follow from an event that was refused before. */
export function foundIn(report: CheckReport): string[] {
  return report.findings
    .filter(({ code, severity }) => severity === 'reject' || !/^L0[57]_/.test(code))
    .map(({ code, severity, event }) => `${code} ${severity} ${event ?? 'document'}`)
    .sort();
}
