// What is told of one event, however much is wrong with it.

import { describe, expect, test } from 'vitest';
import { judge } from '../../engine/epcis/judge.ts';
import type { JudgedEvent } from '../../engine/epcis/judged.ts';
import { READ_LIMITS, type SourceEvent } from '../../engine/epcis/model.ts';
import { createReader } from '../../engine/epcis/read.ts';
import { type DocumentPlan, documentText, dscsaPlan } from '../support/epcis-documents.ts';

/** The events of a document, each by itself. */
function judgeAll(plan: DocumentPlan, maxEventBytes: number): JudgedEvent[] {
  const events: JudgedEvent[] = [];
  const limits = { ...READ_LIMITS, maxEventBytes };
  const text = Buffer.from(documentText(plan, 'xml-2.0'));
  const scan = createReader('application/xml', { event: null, fault: () => {} }, limits, {});
  scan.write(text);
  const head = scan.end();
  if (head === null) throw new Error('the document has a head');
  const context = { profile: 'dscsa', head, nowMs: 0, partners: null, staleMs: null } as const;
  const sink = { event: (each: SourceEvent) => events.push(judge(each, context)), fault: () => {} };
  const reader = createReader('application/xml', sink, limits, {});
  reader.write(text);
  reader.end();
  return events;
}

describe('judge', () => {
  test('of an event over the limit only that is told, and it has no canonical form', () => {
    const judged = judgeAll(dscsaPlan(), 100);
    expect(judged).toHaveLength(dscsaPlan().events.length);
    for (const { findings, rejected, canonical } of judged) {
      expect(findings.map(({ code }) => code)).toEqual(['F01_EVENT_TOO_LARGE']);
      expect([rejected, canonical]).toEqual([true, null]);
    }
  });

  test('of one code twenty findings are told, and how many more there are', () => {
    const plan = dscsaPlan();
    const [first] = plan.events;
    if (first === undefined) throw new Error('the plan has events');
    const wrong = Array.from({ length: 50 }, (_, i) => ({
      urn: `urn:epc:id:sgtin:${i}`,
      dl: `https://id.gs1.org/01/${i}`,
    }));
    const [judged] = judgeAll({ ...plan, events: [{ ...first, epcs: wrong }] }, READ_LIMITS.maxEventBytes);
    const told = judged?.findings.filter(({ code }) => code.startsWith('I')) ?? [];
    expect(new Set(told.map(({ code }) => code)).size).toBe(1);
    expect(told).toHaveLength(20);
    expect(told.at(-1)?.detail).toMatch(/, and 30 more$/);
    expect(judged?.rejected).toBe(true);
  });
});
