// The printer of findings: grouped by code, the graver first, nothing of a document written raw.

import { expect, test } from 'vitest';
import { findingsText } from '../../engine/cli/findings.ts';
import type { Finding } from '../../engine/epcis/model.ts';

const finding = (change: Partial<Finding>): Finding => ({
  code: 'I03_GTIN_CHECK_DIGIT',
  severity: 'reject',
  event: 0,
  pointer: '/epcisBody/eventList/0/epcList/0',
  detail: 'the check digit is 5, not 7',
  ...change,
});

test('findings: none are no text', () => {
  expect(findingsText([])).toBe('');
});

test('findings: one paragraph a code, rejects first, with advice, place and detail', () => {
  const text = findingsText([
    finding({ code: 'L15_STALE', severity: 'warn', event: 1, pointer: '' }),
    finding({}),
    finding({ code: 'D11_NO_EVENTS', severity: 'info', event: null, pointer: '', detail: '' }),
  ]);
  expect(text.split('\n')).toEqual([
    '  REJECT  I03_GTIN_CHECK_DIGIT',
    '          Correct the check digit of the GTIN.',
    '          event 0  /epcisBody/eventList/0/epcList/0',
    '            the check digit is 5, not 7',
    '  warn    L15_STALE',
    '          The event is older than a year.',
    '          event 1',
    '            the check digit is 5, not 7',
    '  info    D11_NO_EVENTS',
    '          The list of events is empty: nothing is stored.',
    '          document',
    '',
  ]);
});

test('findings: places beyond the fifth are counted, their events named once', () => {
  const many = Array.from({ length: 9 }, (_, i) => finding({ event: i < 7 ? i : 8 }));
  const text = findingsText(many);
  expect(text).toContain('I03_GTIN_CHECK_DIGIT  9 times');
  expect(text).toContain('and 4 more places: events 5, 6, 8\n');
  expect(text.match(/ event \d/g)).toHaveLength(5);
});

test('findings: control characters and unknown codes of another server do no harm', () => {
  const text = findingsText([finding({ code: 'X99_\u001b[2J', pointer: '/a\u202eb', detail: 'c\nd' })]);
  expect(text).toBe('  REJECT  X99_\\u{1b}[2J\n          event 0  /a\\u{202e}b\n            c\\u{a}d\n');
});
