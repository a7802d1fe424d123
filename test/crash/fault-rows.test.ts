// The table of syscall faults: complete, and sampled over all its groups.

import { expect, test } from 'vitest';
import { QUARANTINE_FOLDER } from '../../engine/seal/quarantine.ts';
import { placeOf, rowsOf, sampleRows } from './fault-rows.ts';
import { seeded } from './random.ts';

const call = (kind: string, path: string) => ({ kind, path: `/tmp/firn-x/${path}` });
const CALLS = [
  call('mkdir', 'data'),
  ...Array.from({ length: 50 }, () => call('fdatasync', 'data/journal/records/0.firnj')),
  call('rename', 'data/state/snapshot'),
];

test('fault rows: every call comes in every way of its kind, numbered within its kind and place', () => {
  const rows = rowsOf('first start', CALLS);
  const syncs = rows.filter(({ kind }) => kind === 'fdatasync');
  expect(new Set(syncs.map(({ way }) => way)).size).toBe(7);
  expect(syncs.filter(({ way }) => way === 'lost-kill').map((row) => row.call)).toEqual(
    Array.from({ length: 50 }, (_, i) => i + 1),
  );
  expect(rows).toHaveLength(5 + 50 * 7 + 5);
});

test('fault rows: a sample takes from each group before it takes two of one', () => {
  const rows = rowsOf('first start', CALLS);
  const sample = sampleRows(rows, 17, seeded(1));
  expect(new Set(sample.map(({ kind, way }) => `${kind} ${way}`)).size).toBe(17);
  expect(sampleRows(rows, 1e9, seeded(1))).toHaveLength(rows.length);
  expect(sampleRows(rows, 5, seeded(2))).toEqual(sampleRows(rows, 5, seeded(2)));
});

test('fault rows: a path at a place that nobody has thought of is told', () => {
  expect(placeOf('/tmp/firn-x/data/state/streams.json.tmp')).toBe('*/state/*.json*');
  expect(placeOf(`/tmp/firn-x/data/state/${QUARANTINE_FOLDER}`)).toBe('*/state/quarantine*');
  expect(() => placeOf('/tmp/firn-x/data/elsewhere')).toThrow('no place');
});
