// The rules of history, each with a case that breaks it and one next to it that does not.

import { describe, expect, test } from 'vitest';
import type { JudgedEvent } from '../../../engine/epcis/judged.ts';
import { judgeState, type StateContext, type StateVerdict } from '../../../engine/epcis/state/judge-state.ts';
import { State } from '../../../engine/epcis/state/state.ts';
import {
  box,
  commissioning,
  decommissioning,
  OTHER,
  packing,
  SSCC,
  shipping,
  told,
  UNIT,
  unit,
  unpacking,
} from './told.ts';

const CONTEXT: StateContext = { partner: '9521234000006', document: 'one', strictState: false };

/** Judges events in order, in one document unless told otherwise. */
function run(events: readonly JudgedEvent[], contexts: readonly Partial<StateContext>[] = []) {
  const state = new State();
  const verdicts = events.map((event, i) => judgeState(event, state, { ...CONTEXT, ...contexts[i] }));
  return { state, verdicts, last: verdicts.at(-1) as StateVerdict };
}

const codes = (verdict: StateVerdict): string[] =>
  verdict.findings.map((finding) => `${finding.severity} ${finding.code}`);

const A = { lot: 'A123', expiry: '2027-03-27' };
const made = [
  commissioning({ at: '2026-01-01T06:00:00Z', items: [unit('1'), unit('2'), unit('3')], ...A }),
  commissioning({ at: '2026-01-01T06:10:00Z', items: [box('1'), box('2')], ...A }),
  commissioning({ at: '2026-01-02T06:00:00Z', items: [SSCC] }),
];
const packed = [
  ...made,
  packing({ at: '2026-01-01T07:00:00Z', parent: box('1'), children: [unit('1'), unit('2')] }),
  packing({ at: '2026-01-02T07:00:00Z', parent: SSCC, children: [box('1')] }),
];

describe('state', () => {
  test('state: the life of a pallet has no finding', () => {
    const { state, verdicts } = run([
      ...packed,
      shipping({ at: '2026-01-03T00:00:00Z', items: [SSCC] }),
      told({ at: '2026-01-04T00:00:00Z', step: 'receiving', items: [SSCC] }),
      unpacking({ at: '2026-01-04T01:00:00Z', parent: SSCC }),
      unpacking({ at: '2026-01-04T02:00:00Z', parent: box('1'), children: [unit('2')] }),
      told({ at: '2026-01-05T00:00:00Z', action: 'DELETE', step: 'dispensing', items: [unit('2')] }),
    ]);
    expect(verdicts.flatMap(codes)).toEqual([]);
    expect(verdicts.every((verdict) => verdict.outcome === 'accepted')).toBe(true);
    expect(state.item(unit('1'))).toMatchObject({ state: 'packed', parent: box('1'), lot: 'A123' });
    expect(state.item(unit('2'))).toMatchObject({ state: 'dispensed', parent: null });
    expect(state.item(box('1'))).toMatchObject({ state: 'active', parent: null });
    expect(state.item(SSCC)).toMatchObject({ state: 'received' });
    expect([...state.children(SSCC)]).toEqual([]);
  });

  test('L01, L02: a serial number is commissioned once, whatever the lot', () => {
    const again = (telling: object) =>
      run([...made, commissioning({ at: '2026-01-05T00:00:00Z', items: [unit('1')], ...telling })]).last;
    expect(again(A)).toMatchObject({ outcome: 'refused' });
    expect(codes(again(A))).toEqual(['reject L01_SERIAL_DUP_IN_LOT']);
    expect(codes(again({ ...A, lot: 'B9' }))).toEqual(['reject L02_SERIAL_LOT_CONFLICT']);
    expect(again({ ...A, lot: 'B9' }).findings[0]?.detail).toBe(
      '(01)09521234000013(21)1 has lot A123, not B9',
    );
    expect(codes(again({ ...A, items: [`${OTHER}/1`] }))).toEqual([]);
  });

  test('L01: a serial number that was taken out of use is not free again', () => {
    const { last } = run([
      ...made,
      decommissioning({ at: '2026-01-03T00:00:00Z', items: [unit('1')] }),
      commissioning({ at: '2026-01-04T00:00:00Z', items: [unit('1')], ...A }),
    ]);
    expect(codes(last)).toEqual(['reject L01_SERIAL_DUP_IN_LOT']);
  });

  test('L01: a commissioning that was declared erroneous may be told again, right', () => {
    const wrong = { at: '2026-01-01T06:00:00Z', items: [unit('1')], lot: 'WRONG', expiry: '2027-03-27' };
    const { state, verdicts } = run([
      commissioning(wrong),
      commissioning({ ...wrong, declaredAt: '2026-01-02T00:00:00Z' }),
      commissioning({ ...wrong, at: '2026-01-01T06:00:01Z', ...A }),
    ]);
    expect(verdicts.flatMap(codes)).toEqual([]);
    expect(state.item(unit('1'))).toMatchObject({ lot: 'A123', state: 'commissioned' });
  });

  test('L03: a lot has one expiry date for each GTIN, and only there', () => {
    const other = { lot: 'A123', expiry: '2027-04-01' };
    const at = '2026-01-05T00:00:00Z';
    const conflict = run([...made, commissioning({ at, items: [unit('9')], ...other })]).last;
    expect(conflict.outcome).toBe('refused');
    expect(codes(conflict)).toEqual(['reject L03_LOT_EXPIRY_CONFLICT']);
    expect(codes(run([...made, commissioning({ at, items: [`${OTHER}/9`], ...other })]).last)).toEqual([]);
    const dateTime = { lot: 'A123', expiry: '2027-03-27T00:00:00Z' };
    expect(codes(run([...made, commissioning({ at, items: [unit('9')], ...dateTime })]).last)).toEqual([]);
  });

  test('L04: what has expired is found in pallet, case and unit; the last day is a good day', () => {
    const ship = (at: string) => run([...packed, shipping({ at, items: [SSCC] })]).last;
    expect(codes(ship('2027-03-27T23:59:59Z'))).toEqual([]);
    expect(codes(ship('2027-03-28T00:00:00Z'))).toEqual(['reject L04_EXPIRED_SHIPPED']);
    expect(ship('2027-03-28T00:00:00Z').findings[0]?.detail).toBe(
      '(01)19521234000010(21)1 expired 2027-03-27, and 2 more',
    );
    const { last } = run([
      ...packed,
      unpacking({ at: '2026-02-01T00:00:00Z', parent: SSCC }),
      shipping({ at: '2027-03-28T00:00:00Z', items: [SSCC] }),
    ]);
    expect(codes(last)).toEqual([]);
  });

  test('L04: a class with an expired lot is not shipped either', () => {
    const { last } = run([
      ...made,
      shipping({ at: '2028-01-01T00:00:00Z', items: [`${unit('1').slice(0, 14)}/(10)A123`] }),
    ]);
    expect(codes(last)).toEqual(['reject L04_EXPIRED_SHIPPED']);
  });

  test('L05: packing or shipping what was never commissioned warns, and rejects with strict state', () => {
    const ship = shipping({ at: '2026-01-03T00:00:00Z', items: [SSCC] });
    const pack = packing({ at: '2026-01-03T00:00:00Z', parent: box('1'), children: [unit('1')] });
    expect(codes(run([ship]).last)).toEqual(['warn L05_NOT_COMMISSIONED']);
    expect(run([pack]).last.outcome).toBe('accepted');
    expect(codes(run([pack]).last)).toEqual(['warn L05_NOT_COMMISSIONED']);
    expect(run([ship], [{ strictState: true }]).last.outcome).toBe('refused');
    expect(codes(run([told({ at: '2026-01-03T00:00:00Z', step: 'receiving', items: [SSCC] })]).last)).toEqual(
      [],
    );
  });

  test('L06: what was taken out of use is neither packed nor shipped, nor inside of what is', () => {
    const gone = (item: string, next: JudgedEvent) =>
      run([...packed, decommissioning({ at: '2026-01-03T00:00:00Z', items: [item] }), next]).last;
    const ship = (at: string) => shipping({ at, items: [SSCC] });
    expect(codes(gone(SSCC, ship('2026-01-04T00:00:00Z')))).toEqual(['reject L06_DECOMMISSIONED']);
    expect(codes(gone(unit('1'), ship('2026-01-04T00:00:00Z')))).toEqual(['reject L06_DECOMMISSIONED']);
    expect(codes(gone(unit('3'), ship('2026-01-04T00:00:00Z')))).toEqual([]);
    expect(codes(gone(SSCC, ship('2026-01-02T12:00:00Z')))).toEqual([]);
    const pack = packing({ at: '2026-01-04T00:00:00Z', parent: box('2'), children: [unit('3')] });
    expect(codes(gone(unit('3'), pack))).toEqual(['reject L06_DECOMMISSIONED']);
  });

  test('L06: a transformation consumes its inputs and makes its outputs', () => {
    const transform = told({
      type: 'TransformationEvent',
      action: null,
      step: 'repackaging',
      at: '2026-01-03T00:00:00Z',
      inputs: [unit('3')],
      outputs: [`${OTHER}/7`],
      ...A,
    });
    const { state, verdicts } = run([
      ...made,
      transform,
      shipping({ at: '2026-01-04T00:00:00Z', items: [`${OTHER}/7`] }),
      shipping({ at: '2026-01-04T00:00:01Z', items: [unit('3')] }),
    ]);
    expect(verdicts.map(codes).slice(-3)).toEqual([[], [], ['reject L06_DECOMMISSIONED']]);
    expect(state.item(unit('3'))?.state).toBe('consumed');
    expect(state.item(`${OTHER}/7`)).toMatchObject({ state: 'shipped', lot: 'A123' });
  });

  test('L07: an event before the commissioning rejects in one document and warns over two', () => {
    const early = shipping({ at: '2025-12-01T00:00:00Z', items: [SSCC] });
    expect(codes(run([...made, early]).last)).toEqual(['reject L07_OUT_OF_ORDER']);
    const two = run([...made, early], [{}, {}, {}, { document: 'two' }]);
    expect(two.last.outcome).toBe('accepted');
    expect(codes(two.last)).toEqual(['warn L07_OUT_OF_ORDER']);
  });

  test('L07: shipping lies behind packing, whichever is told first', () => {
    const ship = shipping({ at: '2026-01-02T06:30:00Z', items: [SSCC] });
    expect(codes(run([...packed, ship]).last)).toEqual(['reject L07_OUT_OF_ORDER']);
    const late = [...packed.slice(0, 4), ship, packed[4] as JudgedEvent];
    expect(codes(run(late).last)).toEqual(['reject L07_OUT_OF_ORDER']);
    expect(codes(run(late, [{}, {}, {}, {}, { document: 'two' }]).last)).toEqual(['warn L07_OUT_OF_ORDER']);
  });

  test('L07: a packing that arrives late, but happened before the shipping, is in order and changes no state', () => {
    const { state, last } = run([
      ...packed.slice(0, 4),
      shipping({ at: '2026-01-03T00:00:00Z', items: [box('1')] }),
      packed[4] as JudgedEvent,
    ]);
    expect(codes(last)).toEqual([]);
    expect(state.item(box('1'))).toMatchObject({ state: 'shipped', parent: SSCC });
  });

  test('L08: a child has one parent at a time', () => {
    const at = '2026-01-03T00:00:00Z';
    const again = packing({ at, parent: box('2'), children: [unit('1'), unit('3')] });
    const { state, last } = run([...packed, again]);
    expect(codes(last)).toEqual(['warn L08_MULTIPLE_PARENTS']);
    expect(last.outcome).toBe('accepted');
    expect(state.item(unit('1'))?.parent).toBe(box('2'));
    expect([...state.children(box('1'))]).toEqual([unit('2')]);
    const out = unpacking({ at: '2026-01-02T12:00:00Z', parent: box('1'), children: [unit('1')] });
    expect(codes(run([...packed, out, again]).last)).toEqual([]);
  });

  test('L09: only what is in a parent is taken out of it; no children named are all of them', () => {
    const at = '2026-01-03T00:00:00Z';
    const wrong = run([...packed, unpacking({ at, parent: box('1'), children: [unit('1'), unit('3')] })]);
    expect(codes(wrong.last)).toEqual(['warn L09_NOT_A_CHILD']);
    const all = run([...packed, unpacking({ at, parent: box('1') })]);
    expect(codes(all.last)).toEqual([]);
    expect([...all.state.children(box('1'))]).toEqual([]);
  });

  test('state: an unpacking of a quantity of a class takes no object out', () => {
    const loose = unpacking({ at: '2026-01-04T00:00:00Z', parent: box('1'), children: [`${UNIT}/(10)A123`] });
    expect(run([...packed, loose]).state.item(unit('1'))).toMatchObject({
      parent: box('1'),
      state: 'packed',
    });
    const whole = unpacking({ at: '2026-01-04T00:00:00Z', parent: box('1') });
    expect(run([...packed, whole]).state.item(unit('1'))).toMatchObject({ parent: null, state: 'active' });
  });

  test('L12: the same event again is a duplicate and changes nothing', () => {
    const { state, last } = run([...packed, packed[3] as JudgedEvent]);
    expect(last.outcome).toBe('duplicate');
    expect(codes(last)).toEqual(['info L12_DUPLICATE_EVENT']);
    expect(state.item(unit('1'))?.parent).toBe(box('1'));
    expect(run([made[0], made[0]] as JudgedEvent[], [{}, { document: 'two' }]).last.outcome).toBe(
      'duplicate',
    );
  });

  test('L13: another event with the same objects, time, partner and kind is a conflict', () => {
    const one = told({ at: '2026-01-03T00:00:00Z', step: 'storing', items: [unit('1'), unit('2')] });
    const two = told({ at: '2026-01-03T00:00:00Z', step: 'storing', items: [unit('2')], note: 'x' });
    expect(codes(run([...made, one, two]).last)).toEqual(['reject L13_KEY_CONFLICT']);
    expect(run([...made, one, two], [{}, {}, {}, {}, { partner: '9521234000013' }]).last.outcome).toBe(
      'accepted',
    );
    const kind = told({ at: '2026-01-03T00:00:00Z', step: 'holding', items: [unit('2')], note: 'x' });
    expect(run([...made, one, kind]).last.outcome).toBe('accepted');
  });

  test('L13: what was declared erroneous leaves its key to the corrected event, turn by turn', () => {
    const wrong = { at: '2026-01-03T00:00:00Z', step: 'storing', items: [unit('1'), unit('2')] };
    const declaredAt = '2026-01-05T00:00:00Z';
    const right = { ...wrong, items: [unit('2'), unit('3')], note: 'right' };
    const other = { ...right, note: 'other' };
    const corrected = [...made, told(wrong), told({ ...wrong, declaredAt }), told(right)];
    expect(run(corrected).last).toMatchObject({ outcome: 'accepted', findings: [] });
    // Sent again it is the same event, and so is the one that was wrong.
    expect(run([...corrected, told(right)]).last.outcome).toBe('duplicate');
    expect(run([...corrected, told(wrong)]).last.outcome).toBe('duplicate');
    // A second correction of one error is a conflict, until the first is declared erroneous too.
    expect(codes(run([...corrected, told(other)]).last)).toEqual(['reject L13_KEY_CONFLICT']);
    const twice = [...corrected, told({ ...right, declaredAt }), told(other)];
    expect(codes(run(twice).last)).toEqual([]);
    // The first error may be declared once more: it has its turn of the declarations' key still.
    const again = run([...twice, told({ ...wrong, declaredAt: '2026-01-06T00:00:00Z' })]);
    expect(again.last).toMatchObject({ outcome: 'accepted', findings: [] });
    // A declaration that came before its event counts as well.
    expect(run([...made, told({ ...wrong, declaredAt }), told(wrong), told(right)]).last.outcome).toBe(
      'accepted',
    );
  });

  test('L13: a corrected commissioning at the same time, whichever came first, error or declaration', () => {
    const wrong = { at: '2026-01-01T06:00:00Z', items: [unit('7')], lot: 'WRONG', expiry: '2027-03-27' };
    const declared = commissioning({ ...wrong, declaredAt: '2026-01-05T00:00:00Z' });
    for (const either of [
      [commissioning(wrong), declared],
      [declared, commissioning(wrong)],
    ]) {
      const { state, last } = run([...either, commissioning({ ...wrong, ...A })]);
      expect(last).toMatchObject({ outcome: 'accepted', findings: [] });
      expect(state.item(unit('7'))).toMatchObject({ lot: 'A123', commissionVoid: false });
    }
  });

  test('L16: an error declaration is stored, moves nothing, and warns where its event is unknown', () => {
    const ship = { at: '2026-01-03T00:00:00Z', items: [SSCC] };
    const declared = { ...ship, declaredAt: '2026-01-05T00:00:00Z' };
    const known = run([...packed, shipping(ship), shipping(declared), shipping(declared)]);
    expect(known.verdicts.slice(-2).map((verdict) => verdict.outcome)).toEqual(['accepted', 'duplicate']);
    expect(known.verdicts.slice(0, -1).flatMap(codes)).toEqual([]);
    const later = run([
      ...packed,
      shipping(ship),
      shipping(declared),
      shipping({ ...ship, declaredAt: '2026-01-06T00:00:00Z' }),
    ]);
    expect(later.last).toMatchObject({ outcome: 'accepted', findings: [] });
    const unknown = run([...packed, shipping(declared)]);
    expect(unknown.last.outcome).toBe('accepted');
    expect(codes(unknown.last)).toEqual(['warn L16_ERRDECL_TARGET']);
    expect(unknown.state.item(SSCC)?.state).toBe('commissioned');
  });

  test('state: what was refused leaves no trace, whoever refused it', () => {
    const bad = commissioning({ at: '2026-01-01T06:00:00Z', items: [unit('1')], ...A, rejected: true });
    const { state, verdicts } = run([bad, made[0] as JudgedEvent]);
    expect(verdicts[0]).toEqual({ outcome: 'refused', findings: bad.findings });
    expect(verdicts[1]).toEqual({ outcome: 'accepted', findings: [] });
    const before = run(packed).state.item(SSCC);
    const refused = run([...packed, shipping({ at: '2030-01-01T00:00:00Z', items: [SSCC] })]);
    expect(refused.last.outcome).toBe('refused');
    expect(refused.state.item(SSCC)).toEqual(before);
    expect(state.item(unit('1'))?.lot).toBe('A123');
  });

  test('state: what has ended keeps its end, whatever is told of it later, but for another end', () => {
    const endedThen = (...events: JudgedEvent[]) =>
      run([
        ...made,
        decommissioning({ at: '2026-01-03T00:00:00Z', items: [unit('1')] }),
        ...events,
      ]).state.item(unit('1'));
    const at = '2026-01-04T00:00:00Z';
    expect(endedThen(told({ at, step: 'receiving', items: [unit('1')] }))).toMatchObject({
      state: 'decommissioned',
      lastAt: Date.parse(at),
    });
    const destroyed = told({ at, action: 'DELETE', step: 'destroying', items: [unit('1')] });
    expect(endedThen(destroyed)?.state).toBe('destroyed');
  });

  test('state: packings in a circle end the walk', () => {
    const { last } = run([
      ...packed,
      packing({ at: '2026-01-02T08:00:00Z', parent: unit('1'), children: [SSCC] }),
      shipping({ at: '2026-01-03T00:00:00Z', items: [SSCC] }),
    ]);
    expect(last.outcome).toBe('accepted');
  });

  test('state: a finding points at the event', () => {
    const { last } = run([shipping({ at: '2026-01-03T00:00:00Z', items: [SSCC], index: 4 })]);
    expect(last.findings[0]).toEqual({
      code: 'L05_NOT_COMMISSIONED',
      severity: 'warn',
      event: 4,
      pointer: '/epcisBody/eventList/4',
      detail: '(00)095212340000000013',
    });
  });
});
