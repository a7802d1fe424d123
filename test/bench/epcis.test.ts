// The bench of documents, small: what it generates is judged alike in all forms, its arms answer, and its memory child counts.

import { describe, expect, test } from 'vitest';
import { measureArms, sectionOfWork } from '../../bench/epcis/arms.ts';
import { FORMS, makeDocument, SHAPES } from '../../bench/epcis/documents.ts';
import { prepareJson } from '../../bench/epcis/judge-json.ts';
import { prepareXml } from '../../bench/epcis/judge-xml.ts';
import { judgeWhole, readEvents } from '../../bench/epcis/judging.ts';
import { measureMemory } from '../../bench/epcis/memory.ts';

describe('documents of the bench', () => {
  test.each(SHAPES)('%s events are the same events in each form', (shape) => {
    const answers = FORMS.map((form) => {
      const { body, events, rows, bytes } = makeDocument(form, shape, { events: 7 });
      expect(body.length).toBe(bytes);
      const answer = judgeWhole(body, form, readEvents(body, form, null));
      expect(answer).toMatchObject({ events, rows, rejected: 0 });
      return answer;
    });
    expect(new Set(answers.map(({ digest }) => digest)).size).toBe(1);
  });

  test('another document is about other objects', () => {
    const digests = [1, 2].map((document) => {
      const { body } = makeDocument('json-dl', 'small', { events: 3, document });
      return judgeWhole(body, 'json-dl', readEvents(body, 'json-dl', null)).digest;
    });
    expect(digests[0]).not.toBe(digests[1]);
  });
});

describe('arms', () => {
  test('JSON: every arm runs and the table has them all', async () => {
    const { work, arms } = prepareJson('json-urn', 'large', 3);
    const section = sectionOfWork(await measureArms(work, arms, 2), 'JSON.parse');
    expect(section.rows).toHaveLength(arms.length);
    expect(section.rows[0]?.at(-1)).toBe(1);
  });

  test.each(['xml-1.2', 'xml-2.0'] as const)('%s: arms agree, and say what is missing', (form) => {
    const prepared = prepareXml(form, 'small', 6);
    try {
      expect(prepared.works.map(({ arms }) => arms.length + prepared.missing.length)).toEqual([3, 3]);
      for (const { arms } of prepared.works)
        for (const arm of arms) expect(arm.run()).toBeGreaterThanOrEqual(0);
    } finally {
      prepared.close();
    }
  });
});

test('memory: the child counts what was made', () => {
  const { rows } = measureMemory(['xml-2.0'], [0.1, 0.2], () => {});
  expect(rows.map((row) => row[3])).toEqual([expect.any(Number), expect.any(Number)]);
});
