// Captures in the fold: any history that a capture stage may leave, cut off anywhere, and what is a fault.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FatalError } from '../../engine/errors.ts';
import {
  acceptedVerdict,
  bodyKey,
  type CaptureEntry,
  type CaptureHead,
  captureEntry,
  refusedVerdict,
} from '../../engine/journal/capture-entry.ts';
import { ENTRY_KIND } from '../../engine/journal/entry.ts';
import { Fold } from '../../engine/journal/fold.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import { control, type Entry, groupOf } from '../support/entries.ts';

const tableOf = () => TELEMETRY_1;
const HEAD: CaptureHead = {
  ...{ form: 'json', root: 'EPCISDocument', schemaVersion: '2.0', creationDate: null, sender: null },
  ...{ receiver: null, instanceIdentifier: null, createdAt: null, guidelineVersion: null, statement: null },
  events: 3,
};

function entryOf(id: string, more: Partial<CaptureEntry> = {}): CaptureEntry {
  return captureEntry({
    ...{ id, principal: 'plant', partner: '', sha256: 'ab'.repeat(32), bytes: 9, media: 'application/json' },
    ...{ behaviour: 'rollback', single: false, receivedMs: 5, head: HEAD, refused: null },
    ...more,
  });
}

const capture = (id: string, more: Partial<CaptureEntry> = {}): Entry =>
  control(ENTRY_KIND.capture, entryOf(id, more));
const accepted = (id: string, event: number): Entry => {
  const place = { capture: id, event, file: `${id}.1.lines`, offset: 0, bytes: 2 };
  return control(ENTRY_KIND.verdict, acceptedVerdict({ ...place, ms: 0, leaf: '00'.repeat(32) }));
};
const refused = (id: string, event: number | null, piece: number | null = null): Entry => {
  const place = { capture: id, event, piece, file: `${id}.raw`, offset: 0, bytes: 2 };
  return control(ENTRY_KIND.verdict, refusedVerdict({ ...place, code: 'L01', detail: '', path: null }));
};
const captured = (id: string, upTo: number, success: boolean | null = null): Entry =>
  control(ENTRY_KIND.captured, {
    capture: id,
    upTo,
    end: success === null ? null : { success, finishedMs: 7 },
  });

function folded(...entries: Entry[]): Fold {
  const fold = new Fold(tableOf);
  for (const [i, entry] of entries.entries())
    fold.apply(groupOf([[entry]], { position: 10_000 * (i + 1), runningMs: i + 1 }));
  return fold;
}

test('captures: an event that is passed over was a duplicate', () => {
  const fold = folded(capture('a'), accepted('a', 2), refused('a', 3), captured('a', 6), accepted('a', 7));
  expect(fold.captures.byId.get('a')).toMatchObject({
    ...{ next: 8, accepted: 2, duplicate: 5, rejected: 1, end: null, head: HEAD, lastUsedMs: 4 },
  });
  expect(fold.acct).toEqual({ accepted: 2, duplicate: 5, received: 8, rejected: 1 });
});

test('captures: a job is found by its body until it is forgotten; a refused document is no job', () => {
  const refusal = {
    code: 'D04_MALFORMED',
    severity: 'reject',
    event: null,
    pointer: '',
    detail: '',
  } as const;
  const fold = folded(
    capture('a'),
    capture('r', { sha256: 'cd'.repeat(32), refused: refusal }),
    refused('r', null, 0),
    refused('r', null, 1),
    captured('r', 0, false),
    captured('a', 3, true),
  );
  const { byBody, byId } = fold.captures;
  expect(byBody.get(bodyKey(entryOf('other')))?.id).toBe('a');
  expect(byBody.get(bodyKey(entryOf('other', { partner: '9521234500002' })))).toBeUndefined();
  expect(byBody.get(bodyKey(entryOf('other', { single: true })))).toBeUndefined();
  expect(byBody.size).toBe(1);
  expect(byId.get('r')).toMatchObject({ rejected: 2, next: 0, end: { success: false, finishedMs: 7 } });
  expect(byId.get('a')).toMatchObject({ duplicate: 3, head: null, end: { success: true } });
  expect(byId.get('a')?.end?.position).toBe(fold.position);
  fold.apply(groupOf([[control(ENTRY_KIND.forget, { capture: 'a' })]], { position: 90_000 }));
  expect([...byId.keys()]).toEqual(['r']);
  expect(byBody.size).toBe(0);
});

test.each([
  ['two captures of one id', [capture('a'), capture('a')], /capture a twice/],
  ['a verdict of nobody', [accepted('a', 0)], /the capture a, which is none/],
  ['an event that is judged twice', [capture('a'), accepted('a', 0), refused('a', 0)], /event 0 of a twice/],
  ['progress that goes back', [capture('a'), accepted('a', 3), captured('a', 3)], /back to event 3/],
  ['more after the end', [capture('a'), captured('a', 0, true), accepted('a', 0)], /after its end/],
])('captures: %s is a fault', (_, entries, words) => {
  expect(() => folded(...entries)).toThrow(FatalError);
  expect(() => folded(...entries)).toThrow(words);
});

test('captures: accounts balance after every entry, and dump and load change nothing', () => {
  const outcome = fc.constantFrom('accepted' as const, 'refused' as const, 'duplicate' as const);
  const documents = fc.array(
    fc.record({ events: fc.array(outcome, { maxLength: 8 }), ended: fc.boolean(), partner: fc.nat(1) }),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(documents, fc.integer({ min: 1, max: 5 }), (all, every) => {
      let fold = new Fold(tableOf);
      let position = 100;
      const apply = (entry: Entry): void => {
        fold.apply(groupOf([[entry]], { position, runningMs: position }));
        position = fold.position;
        const { accepted: a, rejected: r, duplicate: d, received } = fold.acct;
        expect(received).toBe(a + r + d);
        const lines = [...fold.dump()];
        const loaded = Fold.load(lines, tableOf);
        expect([...loaded.dump()]).toEqual(lines);
        expect([...loaded.captures.byBody]).toEqual([...fold.captures.byBody]);
        fold = loaded;
      };
      const total = { accepted: 0, duplicate: 0, refused: 0 };
      for (const [i, { events, ended, partner }] of all.entries()) {
        const id = `c${i}`;
        apply(capture(id, { partner: partner === 0 ? '' : '9521234500002', sha256: String(i).repeat(64) }));
        for (const [event, what] of events.entries()) {
          total[what] += 1;
          if (what === 'accepted') apply(accepted(id, event));
          if (what === 'refused') apply(refused(id, event));
          if (event % every === 0) apply(captured(id, event + 1));
        }
        apply(captured(id, events.length, ended ? true : null));
        expect(fold.captures.byId.get(id)?.next).toBe(events.length);
      }
      const { accepted: a, rejected: r, duplicate: d } = fold.acct;
      expect({ accepted: a, duplicate: d, refused: r }).toEqual(total);
    }),
    { numRuns: 60 },
  );
});

test('captures: a dump that lost or doubled a capture is fatal, and one from before there were any is read', () => {
  const lines = [...folded(capture('a'), capture('b')).dump()];
  expect(lines).toHaveLength(3);
  expect(() => Fold.load(lines.slice(0, 2), tableOf)).toThrow(FatalError);
  expect(() => Fold.load(lines.with(2, lines[1] as string), tableOf)).toThrow(/a row twice/);
  const { captures, ...old } = JSON.parse([...folded().dump()][0] as string) as Record<string, unknown>;
  expect(captures).toBe(0);
  expect(Fold.load([JSON.stringify(old)], tableOf).captures.byId.size).toBe(0);
});

test('captures: an entry fits a slab whatever the document says of itself', () => {
  const text = '\ud800'.repeat(1_000_000);
  const head = { ...HEAD, sender: text, statement: { affirmed: text, legalNotice: text } };
  const masterData = [{ vocabulary: text, id: text, attributes: [] }];
  const refusal = { code: 'D04', severity: 'reject', event: null, pointer: text, detail: text } as const;
  const entry = entryOf('a', { head: { ...head, masterData } as CaptureEntry['head'], refused: refusal });
  expect(JSON.stringify(entry).length).toBeLessThan(100_000);
  expect(entry.head).not.toHaveProperty('masterData');
  expect(entry.head?.sender?.isWellFormed()).toBe(true);
  const place = { capture: 'a', event: 0, piece: null, file: 'a.raw', offset: 0, bytes: 1, code: 'L01' };
  const verdict = refusedVerdict({ ...place, detail: 'a\u202eb\n'.repeat(99), path: text });
  expect(verdict.detail.length).toBeLessThanOrEqual(200);
  expect(verdict.detail).toMatch(/^aU\+202EbU\+000A/);
  expect(verdict.path?.isWellFormed()).toBe(true);
});

test('captures: a time that no line can have is an error of whoever accepts it', () => {
  const place = { capture: 'a', event: 0, file: 'a.1.lines', offset: 0, bytes: 2, leaf: '00'.repeat(32) };
  for (const ms of [-1, 253_402_300_800_000, 0.5, Number.NaN])
    expect(() => acceptedVerdict({ ...place, ms })).toThrow(RangeError);
  expect(() => acceptedVerdict({ ...place, ms: 0, leaf: 'x' })).toThrow(RangeError);
});
