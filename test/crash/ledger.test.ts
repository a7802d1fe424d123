// The judge of the crash campaign: it must find what it is there to find.

import { expect, test } from 'vitest';
import { type LakeContent, Ledger } from './ledger.ts';

const NOTHING: LakeContent = { good: [], refused: [], crashed: [], stops: 1 };

function ledgerOf(...acknowledged: string[]): Ledger {
  const ledger = new Ledger();
  ledger.sent({ good: ['a', 'b', 'c'], refused: ['{"x":1}'] });
  ledger.acknowledged({ good: acknowledged, refused: [] });
  return ledger;
}

test('ledger: a lake with each acknowledged record once is sound, whether or not it has the others', () => {
  expect(ledgerOf('a', 'b').compare({ ...NOTHING, good: ['b', 'a'] })).toEqual([]);
  expect(ledgerOf('a', 'b').compare({ ...NOTHING, good: ['a', 'b', 'c'], refused: ['{"x":1}'] })).toEqual([]);
});

test('ledger: a lost record, a doubled one and a foreign one are told, refused ones too', () => {
  expect(ledgerOf('a', 'b').compare({ ...NOTHING, good: ['a'] })).toEqual([
    'record b was acknowledged and is not in the lake',
  ]);
  expect(ledgerOf('a').compare({ ...NOTHING, good: ['a', 'b', 'b'] })).toEqual([
    'record b is in the lake twice',
  ]);
  expect(ledgerOf('a').compare({ ...NOTHING, good: ['a', 'z'] })).toEqual([
    'record z is in the lake and was not sent in this epoch',
  ]);
  const raws = ['{"x":1}', '{"x":1}'];
  expect(ledgerOf().compare({ ...NOTHING, refused: raws })).toEqual([
    'refused record {"x":1} is in the lake twice',
  ]);
});

test('ledger: a record may be in the lake or in a frame that the codec died of, not in both', () => {
  const crashed = [{ good: ['b', 'c'], refused: ['{"x":1}'] }];
  expect(ledgerOf('a', 'b', 'c').compare({ ...NOTHING, good: ['a'], crashed })).toEqual([]);
  expect(ledgerOf('a', 'b').compare({ ...NOTHING, good: ['a', 'b'], crashed })).toEqual([
    'record b is in the lake twice',
  ]);
});

test('ledger: what belongs to an epoch that was judged must not come again, and its counts stay', () => {
  const ledger = ledgerOf('a', 'b', 'c');
  ledger.forget();
  expect(ledger.compare(NOTHING)).toEqual([]);
  expect(ledger.compare({ ...NOTHING, good: ['a'] })).toHaveLength(1);
  expect(ledger.totals).toEqual({ sent: 4, acknowledged: 3, refused: 1 });
});
