// Runs, open batches and the cuts that are owed after a restart, without a journal.

import { expect, test } from 'vitest';
import { FatalError } from '../../engine/errors.ts';
import { trackingQuality } from '../../engine/seal/clock-quality.ts';
import type { Cut } from '../../engine/seal/cut.ts';
import { decodeCut, decodeFinal, encodeCut, encodeFinal } from '../../engine/seal/cut.ts';
import { Owed } from '../../engine/seal/owed.ts';
import {
  DEFAULT_CUT,
  dayOf,
  dayText,
  PARTITION_KIND,
  Partitions,
  partitionId,
} from '../../engine/seal/partitions.ts';
import { Runs } from '../../engine/seal/runs.ts';

const CUT: Cut = {
  index: 3,
  kind: 'records',
  stream: 2,
  day: 20_000,
  firstSeq: 41,
  count: 5,
  position: 4096,
  sealedMs: 1_770_000_000_123,
  clock: { bound_ms: null, offset_ms: null, source: 'system' },
  acct: { accepted: '45', duplicate: '0', received: '46', rejected: '1' },
};

test('runs: columns grow, extend and survive a dump', () => {
  for (const sourced of [false, true]) {
    const runs = new Runs(sourced);
    for (let i = 0; i < 100; i++) {
      runs.push(2 ** 40 + 1000 * i, 80, 2 ** 40 + 1000 * i - 32, 5.5 + i);
      if (i % 2 === 1) runs.extend(2 ** 40 + 1000 * i + 200);
    }
    const copy = Runs.load(runs.dump(), sourced);
    expect(copy.length).toBe(100);
    expect([copy.position(99), copy.span(99), copy.count(99), copy.count(98)]).toEqual([
      2 ** 40 + 99_000,
      200,
      2,
      1,
    ]);
    expect([copy.frame(7) - copy.position(7), copy.wallMs(7)]).toEqual(sourced ? [-32, 12.5] : [0, 0]);
    copy.push(2 ** 41, 80, 2 ** 41, 0);
    expect([copy.length, copy.position(100), copy.position(0)]).toEqual([101, 2 ** 41, 2 ** 40]);
    expect(() => Runs.load(runs.dump(), !sourced)).toThrow(FatalError);
    expect(() =>
      Runs.load(
        runs.dump().map((column, i) => (i === 1 ? column.slice(8) : column)),
        sourced,
      ),
    ).toThrow(FatalError);
  }
});

test('partitions: days and numbers keep streams, kinds and days apart', () => {
  expect([dayText(0), dayText(dayOf('9999-12-31T23:59:59Z')), dayOf('1970-01-02')]).toEqual([
    '1970-01-01',
    '9999-12-31',
    1,
  ]);
  expect(dayOf('rubbish')).toBeNaN();
  const ids = new Set<number>();
  for (const stream of [0, 1, 2, 2 ** 29 - 1]) {
    for (const day of [0, 1, dayOf('9999-12-31')]) {
      for (const kind of Object.values(PARTITION_KIND)) ids.add(partitionId(kind, stream, day));
    }
  }
  expect(ids.size).toBe(36);
  expect([...ids].every(Number.isSafeInteger)).toBe(true);
});

test('partitions: age counts from the opening; a cut partition is neither due nor largest', () => {
  const partitions = new Partitions({ partitions: 10, positions: 100 }, () => DEFAULT_CUT);
  const late = partitions.open(PARTITION_KIND.records, 1, 5, 1000, 100);
  const today = partitions.open(PARTITION_KIND.records, 1, 100, 2000, 100);
  expect([late.dueMs, today.dueMs, partitions.nextDueMs]).toEqual([61_000, 12_000, 12_000]);
  expect(partitions.due(11_999)).toEqual([]);
  expect(partitions.due(12_000)).toEqual([today]);
  partitions.remove(today);
  expect(today.taken).toBe(true);
  expect(partitions.due(61_000)).toEqual([late]);
  late.count = 1;
  partitions.added(true);
  const audit = partitions.open(PARTITION_KIND.audit, 0, 100, 2000, 100);
  audit.count = 50;
  expect(partitions.largest('records')).toBe(late);
});

test('cut: payloads of the seal journal read back as they were; another version is fatal', () => {
  expect(decodeCut(encodeCut(CUT))).toEqual(CUT);
  expect(() => decodeCut(Buffer.from(JSON.stringify({ ...CUT, version: 2 })))).toThrow(FatalError);
  const seal = Buffer.from('{"key":"ä\\u0001 \\" x"}', 'utf8');
  const { index, seal: back } = decodeFinal(encodeFinal(7, seal));
  expect([index, Buffer.from(back).equals(seal)]).toEqual([7, true]);
});

test('owed: cuts take their records in order, and the replay ends when all have them and the position is reached', () => {
  const owed = new Owed();
  const id = partitionId(PARTITION_KIND.records, 2, 20_000);
  owed.add(CUT);
  owed.add({ ...CUT, index: 4, count: 2, position: 5000 });
  owed.add({ ...CUT, index: 5, kind: 'heartbeat', position: 6000, count: 0 });
  expect([owed.countOf(id), owed.countOf(id + 4)]).toEqual([5, Number.POSITIVE_INFINITY]);
  expect(owed.settle(id, 5).index).toBe(3);
  expect(() => owed.assertPaid(1e9)).toThrow(FatalError);
  expect(() => new Owed().settle(id, 5)).toThrow(FatalError);
  expect(owed.countOf(id)).toBe(2);
  expect(owed.settle(id, 2).index).toBe(4);
  expect([owed.paid(5999), owed.paid(6000)]).toEqual([false, true]);
  expect(() => owed.assertPaid(5999)).toThrow(FatalError);
});

test('clock quality: the bound is half the delay, the dispersion and the offset, rounded up; no answer says so', () => {
  const line =
    'A29FC87B,162.159.200.123,4,1769990400.123456789,-0.002750000,0.000010000,0.000020000,-1.234,0.001,0.020,0.010000000,0.004000001,64.2,Normal\n';
  expect(trackingQuality(line)).toEqual({ bound_ms: 12, offset_ms: -3, source: 'chrony' });
  const unavailable = { bound_ms: null, offset_ms: null, source: 'chrony-unavailable' };
  for (const bad of [null, '', '506 Cannot talk to daemon', line.replace('Normal', 'Not synchronised')]) {
    expect(trackingQuality(bad)).toEqual(unavailable);
  }
});
