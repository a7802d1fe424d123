import { expect, test } from 'vitest';
import { CODES, codeName, codeNumber, RULE_CODES } from '../engine/codes.ts';
import { RULES } from '../engine/epcis/rule-codes.ts';
import { deadLetterDocumentOf } from '../engine/schema/document.ts';

test('codes: every rule of captures has a code, once, and no code of a rule is of none', () => {
  expect([...RULE_CODES].sort()).toEqual(Object.keys(RULES).sort());
  expect(new Set(CODES).size).toBe(CODES.length);
});

test('codes: numbers and names belong together, and a number that nobody has is a fault', () => {
  for (const code of CODES) expect(codeName(codeNumber(code))).toBe(code);
  expect(() => codeName(CODES.length)).toThrow(/not known/);
});

test('codes: the document of dead letters from before there were captures is still known', () => {
  // In lakes that exist, so it can never be another one.
  const document = deadLetterDocumentOf('2ea59e3320f86a9fecb93bcc8d003ab069fd344806de902a2c3229c92ba56503');
  expect(document).toContain('"schema.unknown"');
  expect(document).not.toContain('D04_MALFORMED');
});
