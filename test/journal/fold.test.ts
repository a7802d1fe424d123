import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FatalError } from '../../engine/errors.ts';
import { ENTRY_KIND } from '../../engine/journal/entry.ts';
import { Fold, keyOf } from '../../engine/journal/fold.ts';
import { type EntryVisitor, walkGroup } from '../../engine/journal/walk.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import { accepted, control, type Entry, frame, groupOf, refused } from '../support/entries.ts';

const tableOf = () => TELEMETRY_1;

function folded(...groups: Entry[][][]): Fold {
  const fold = new Fold(tableOf);
  for (const [i, records] of groups.entries()) {
    fold.apply(groupOf(records, { position: 10_000 * (i + 1), runningMs: i + 1 }));
  }
  return fold;
}

function source(no: number, session: string | null = `s${no}`): Entry {
  return control(ENTRY_KIND.source, { no, principal: 'plant', stream: 'coldchain', session, named: false });
}

const KEY = { principal: 'plant', stream: 'coldchain', key: 'k1', hash: 'ab'.repeat(32), json: true };

test('fold: a session sends next what follows its newest frame, and was last used then', () => {
  const fold = folded([[source(1), frame(1, 0), frame(1, 1)]], [[source(2), frame(2, 0)]], [[frame(1, 2)]]);
  expect(fold.sessions.get(1)).toEqual({
    no: 1,
    principal: 'plant',
    stream: 'coldchain',
    session: 's1',
    named: false,
    next: 3,
    lastUsedMs: 3,
  });
  expect(fold.sessions.get(2)).toMatchObject({ next: 1, lastUsedMs: 2 });
  expect(fold.nextSource).toBe(3);
});

test('fold: a source without a session is a source and no session, and numbers no frames', () => {
  const fold = folded([[source(1, null), frame(1, 17)]]);
  expect(fold.sources.get(1)).toMatchObject({ session: null, next: 0, lastUsedMs: 1 });
  expect(fold.sessions.size).toBe(0);
});

test('fold: a frame that goes on from the chunk before is counted once', () => {
  const fold = folded([
    [source(1), frame(1, 0), accepted()],
    [frame(1, 0, true), accepted(), refused(1, 'field.type')],
  ]);
  expect(fold.sessions.get(1)?.next).toBe(1);
  expect(fold.acct).toEqual({ accepted: 2, duplicate: 0, received: 3, rejected: 1 });
});

test('fold: a key gets the reply of the next frame, and of that one only', () => {
  const fold = folded([
    [
      source(1, null),
      control(ENTRY_KIND.key, KEY),
      frame(1, 0),
      accepted(),
      refused(1, 'field.missing', '{"a":1}', 0),
      accepted(),
      frame(1, 1),
      accepted(),
    ],
  ]);
  const row = fold.keys.get(keyOf('plant', 'coldchain', 'k1'));
  expect(row).toMatchObject({ status: 202, hash: KEY.hash, records: 3, createdMs: 1 });
  const body = JSON.parse(row?.body ?? '');
  expect(body).toEqual({
    accepted: 2,
    rejected: 1,
    errors: [{ record: 1, code: 'field.missing', detail: expect.stringMatching(/sensor_id/) }],
    more: 0,
  });
  expect(Object.keys(body)).toEqual(['accepted', 'rejected', 'errors', 'more']);
});

test('fold: a key whose frame goes over several chunks gets the whole reply, sixteen errors at most', () => {
  const many = Array.from({ length: 20 }, (_, i) => refused(i, 'record.not-object', '7'));
  const fold = folded([
    [source(1, null), control(ENTRY_KIND.key, KEY), frame(1, 0), ...many.slice(0, 9)],
    [frame(1, 0, true), ...many.slice(9), accepted()],
  ]);
  const row = fold.keys.get(keyOf('plant', 'coldchain', 'k1'));
  const body = JSON.parse(row?.body ?? '');
  expect(body).toMatchObject({ accepted: 1, rejected: 20, more: 4 });
  expect(body.errors.map((error: { record: number }) => error.record)).toEqual(
    Array.from({ length: 16 }, (_, i) => i),
  );
});

test('fold: broken syntax is a problem under a JSON key and a refused record under an NDJSON key', () => {
  const reply = (json: boolean, code: 'json.syntax' | 'json.utf8' | 'codec.crash') => {
    const key = control(ENTRY_KIND.key, { ...KEY, json });
    const fold = folded([[source(1, null), key, frame(1, 0), refused(0, code, '[1,')]]);
    const row = fold.keys.get(keyOf('plant', 'coldchain', 'k1'));
    return { status: row?.status, body: JSON.parse(row?.body ?? '') };
  };
  expect(reply(true, 'json.syntax')).toMatchObject({
    status: 400,
    body: { type: 'about:blank', status: 400, code: 'json.syntax', detail: expect.any(String) },
  });
  expect(reply(true, 'json.utf8')).toMatchObject({ status: 400, body: { code: 'json.utf8' } });
  expect(reply(true, 'codec.crash')).toMatchObject({ status: 202, body: { rejected: 1 } });
  expect(reply(false, 'json.syntax')).toMatchObject({ status: 202, body: { accepted: 0, rejected: 1 } });
});

test('fold: a key without a frame answers nothing, and a frame without a record answers a key', () => {
  const without = folded([[source(1, null), control(ENTRY_KIND.key, KEY)]], [[frame(1, 0), accepted()]]);
  expect(without.keys.size).toBe(0);
  const empty = folded([[source(1, null), control(ENTRY_KIND.key, KEY), frame(1, 0)]]);
  expect([...empty.keys.values()]).toMatchObject([
    { status: 202, body: '{"accepted":0,"rejected":0,"errors":[],"more":0}', records: 0 },
  ]);
});

test('fold: what is forgotten is gone, its number is not given again, and a new key may take its place', () => {
  const fold = folded(
    [[source(5), frame(5, 0)]],
    [[source(6, null), control(ENTRY_KIND.key, KEY), frame(6, 0)]],
    [[control(ENTRY_KIND.forget, { source: 5 }), control(ENTRY_KIND.forget, KEY)]],
  );
  expect([...fold.sources.keys()]).toEqual([6]);
  expect(fold.sessions.size + fold.keys.size).toBe(0);
  expect(fold.nextSource).toBe(7);
});

test('fold: duplicates are received and nothing else; audit entries are passed over', () => {
  const fold = folded([
    [control(ENTRY_KIND.duplicate, { records: 7 }), control(ENTRY_KIND.audit, { action: 'x' })],
  ]);
  expect(fold.acct).toEqual({ accepted: 0, duplicate: 7, received: 7, rejected: 0 });
});

test('fold: knows where it stands', () => {
  const fold = new Fold(tableOf);
  fold.apply(groupOf([[source(1)], [frame(1, 0)]], { position: 640, wallMs: 99, runningMs: 5 }));
  expect(fold).toMatchObject({ wallMs: 99, runningMs: 5 });
  const last = groupOf([[source(1)], [frame(1, 0)]], { position: 640 }).at(-1);
  expect(fold.position).toBe(last?.end);
  fold.apply(groupOf([[frame(1, 1)]], { position: fold.position, wallMs: 98, runningMs: 4 }));
  expect(fold).toMatchObject({ wallMs: 99, runningMs: 5 });
});

test('fold: a frame of nobody, and entries that do not fit their record, are fatal', () => {
  expect(() => folded([[frame(3, 0)]])).toThrow(/source 3, which nobody is/);
  expect(() => folded([[accepted()]])).toThrow(/a record outside of any frame/);
  for (const [offset, value] of [
    [4, 0],
    [4, 12],
    [0, 24],
    [0, 200],
  ] as const) {
    const entry = control(ENTRY_KIND.duplicate, { records: 1 });
    entry[offset] = value;
    expect(() => folded([[entry]])).toThrow(FatalError);
  }
  const [record] = groupOf([[source(1)]], {});
  const cut = {
    ...(record as NonNullable<typeof record>),
    payload: (record?.payload ?? new Uint8Array()).subarray(0, 12),
  };
  expect(() => new Fold(tableOf).apply([cut])).toThrow(/cut short/);
});

test('walk: two visitors see the same entries at the same places, each entry one after the other', () => {
  const seen: string[] = [];
  const visitor = (name: string): EntryVisitor => ({
    frame: (at, continued) => seen.push(`${name} frame ${at.source}/${at.frame} ${continued}`),
    accepted: (_view, _bytes, offset, position) => seen.push(`${name} accepted ${offset} ${position}`),
    refused: (view, _bytes, offset, position) =>
      seen.push(`${name} refused ${offset} ${position} ${view.getUint16(offset + 20, true)}`),
    control: (kind, _view, _bytes, offset, position) =>
      seen.push(`${name} control ${kind} ${offset} ${position}`),
    end: (last) => seen.push(`${name} end ${last.position}`),
  });
  const group = groupOf([[frame(1, 4), accepted('{"a":1}')], [control(ENTRY_KIND.forget, { source: 1 })]], {
    position: 1000,
  });
  walkGroup(group, visitor('a'), visitor('b'));
  const second = group[1]?.position as number;
  expect(seen).toEqual([
    'a frame 1/4 false',
    'b frame 1/4 false',
    'a accepted 32 1080',
    'b accepted 32 1080',
    `a control ${ENTRY_KIND.forget} 0 ${second + 48}`,
    `b control ${ENTRY_KIND.forget} 0 ${second + 48}`,
    `a end ${second}`,
    `b end ${second}`,
  ]);
});

const text = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constant('\ud800"\n'),
);

/** Random histories of a few sources: what the frontend may put in a slab. */
const history = fc.array(
  fc.array(
    fc.oneof(
      fc.record({
        what: fc.constant('frame' as const),
        source: fc.nat(3),
        good: fc.nat(3),
        bad: fc.nat(20),
        key: fc.option(text),
      }),
      fc.record({ what: fc.constant('duplicate' as const), records: fc.nat(50) }),
      fc.record({ what: fc.constant('forget' as const), source: fc.nat(3) }),
      fc.record({ what: fc.constant('forget key' as const), key: text }),
    ),
    { minLength: 1, maxLength: 6 },
  ),
  { maxLength: 8 },
);

test('fold: received = accepted + rejected + duplicate after every group, nothing falls, and dump and load change nothing', () => {
  fc.assert(
    fc.property(history, (groups) => {
      let fold = new Fold(tableOf);
      const numbers = new Map<number, { no: number; next: number }>();
      let used = 0;
      for (const [i, actions] of groups.entries()) {
        const entries: Entry[] = [];
        for (const action of actions) {
          if (action.what === 'duplicate')
            entries.push(control(ENTRY_KIND.duplicate, { records: action.records }));
          else if (action.what === 'forget key')
            entries.push(control(ENTRY_KIND.forget, { ...KEY, key: action.key }));
          else if (action.what === 'forget') {
            const known = numbers.get(action.source);
            if (known !== undefined) entries.push(control(ENTRY_KIND.forget, { source: known.no }));
            numbers.delete(action.source);
          } else {
            let known = numbers.get(action.source);
            if (known === undefined) {
              known = { no: ++used, next: 0 };
              numbers.set(action.source, known);
              entries.push(source(known.no, action.source === 0 ? null : `s${action.source}`));
            }
            if (action.key !== null) entries.push(control(ENTRY_KIND.key, { ...KEY, key: action.key }));
            entries.push(frame(known.no, known.next++));
            for (let n = 0; n < action.good; n++) entries.push(accepted());
            for (let n = 0; n < action.bad; n++)
              entries.push(refused(action.good + n, 'record.not-object', '1'));
          }
        }
        const before = { ...fold.acct };
        fold.apply(groupOf([entries], { position: 100_000 * i, runningMs: i }));
        const { accepted: a, rejected: r, duplicate: d, received } = fold.acct;
        expect(received).toBe(a + r + d);
        for (const [name, value] of Object.entries(before)) {
          expect(fold.acct[name as keyof typeof before]).toBeGreaterThanOrEqual(value);
        }
        const lines = [...fold.dump()];
        expect(lines.every((line) => !line.includes('\n'))).toBe(true);
        const loaded = Fold.load(lines, tableOf);
        expect([...loaded.dump()]).toEqual(lines);
        for (const table of ['sources', 'sessions', 'keys'] as const) {
          expect([...loaded[table]]).toEqual([...fold[table]]);
        }
        fold = loaded;
      }
      for (const { no, next } of numbers.values()) {
        const row = fold.sources.get(no);
        expect(row?.next).toBe(row?.session === null ? 0 : next);
      }
    }),
    { numRuns: 150 },
  );
});

test('fold: a dump that lost, gained or changed a line is fatal', () => {
  const fold = folded([[source(1), source(2, null), control(ENTRY_KIND.key, KEY), frame(2, 0)]]);
  const lines = [...fold.dump()];
  expect(lines.length).toBe(4);
  for (let lost = 0; lost < lines.length; lost++) {
    expect(() => Fold.load(lines.toSpliced(lost, 1), tableOf)).toThrow(FatalError);
  }
  expect(() => Fold.load([...lines, lines[3] as string], tableOf)).toThrow(FatalError);
  expect(() => Fold.load(lines.with(2, lines[1] as string), tableOf)).toThrow(/a row twice/);
  expect(() => Fold.load(lines.with(3, '{'), tableOf)).toThrow(FatalError);
  expect(() => Fold.load([], tableOf)).toThrow(FatalError);
});

test('fold: no two keys share a name', () => {
  fc.assert(
    fc.property(text, text, text, text, text, text, (a, b, c, d, e, f) => {
      expect(keyOf(a, b, c) === keyOf(d, e, f)).toBe(a === d && b === e && c === f);
    }),
  );
  expect(keyOf('a', 'bc', 'd')).not.toBe(keyOf('ab', 'c', 'd'));
});
