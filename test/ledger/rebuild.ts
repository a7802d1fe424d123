// A ledger that is built from accepted events equals the one that judged them.

import { describe, expect, test } from 'vitest';
import type { JudgedEvent } from '../../engine/epcis/judged.ts';
import type { Database } from '../../engine/ledger/database.ts';
import { Ledger } from '../../engine/ledger/ledger.ts';
import { migrate } from '../../engine/ledger/migrate.ts';
import type { StoredEvent } from '../../engine/ledger/rebuild.ts';
import {
  commissioning,
  decommissioning,
  OTHER,
  packing,
  SSCC,
  shipping,
  told,
  unit,
} from '../epcis/state/told.ts';
import { OTHER_PARTNER, outcomes, type Ran, rollback, run } from './jobs.ts';

const lot = { lot: 'A1', expiry: '2027-03-27' };
const other = (serial: number): string => `${OTHER}/${serial}`;
const units = Array.from({ length: 20 }, (_, i) => unit(String(i)));
const wrong = { at: '2026-01-01T05:00:00Z', items: [other(1)], lot: 'WRONG', expiry: '2027-01-01' };

const FIRST: readonly JudgedEvent[] = [
  commissioning({ at: '2026-01-01T00:00:00Z', items: units, ...lot }),
  commissioning({ at: '2026-01-01T01:00:00Z', items: [SSCC] }),
  commissioning({ at: '2026-01-01T02:00:00Z', items: [unit('0')], ...lot }),
  packing({ at: '2026-01-01T03:00:00Z', parent: SSCC, children: units.slice(0, 10) }),
  commissioning(wrong),
  commissioning({ ...wrong, declaredAt: '2026-01-02T00:00:00Z' }),
  commissioning({ ...wrong, at: '2026-01-01T05:00:01Z', ...lot }),
];
const SECOND: readonly JudgedEvent[] = [
  shipping({ at: '2026-01-03T00:00:00Z', items: [SSCC] }),
  decommissioning({ at: '2026-01-04T00:00:00Z', items: [unit('15')] }),
  FIRST[0] as JudgedEvent,
];
const THIRD: readonly JudgedEvent[] = [
  told({ at: '2026-01-05T00:00:00Z', step: 'receiving', items: [SSCC] }),
  told({ at: '2026-01-02T00:00:00Z', step: 'receiving', items: [unit('3')] }),
];

function storedOf(events: readonly JudgedEvent[], ran: Ran): StoredEvent[] {
  return ran.verdicts.flatMap((verdict) => {
    const canonical = events[verdict.index]?.canonical;
    if (verdict.outcome !== 'accepted' || canonical == null) return [];
    const { seq, recordMs, index } = verdict;
    return [{ canonical, capture: ran.order.id, index, partner: ran.order.partner, seq, recordMs }];
  });
}

/** `open` makes an empty database each time. */
export function rebuildContract(name: string, open: () => Promise<Database>): void {
  describe(`rebuild on ${name}`, () => {
    test('events, rows, lots, items and proofs are the same; batches and pieces do not matter', async () => {
      const database = await open();
      await migrate(database);
      let now = Date.parse('2026-02-01T00:00:00Z');
      const judged = new Ledger(database, { nowMs: () => now++ });
      const ran = [
        await run(judged, FIRST, {}, 3),
        await run(judged, SECOND, rollback, 2),
        await run(judged, THIRD, { partner: OTHER_PARTNER }),
      ];
      const lake = [FIRST, SECOND, THIRD].flatMap((events, i) => storedOf(events, ran[i] as Ran));
      expect(lake).toHaveLength(10);
      const proofs = lake.map(({ capture, index }, line) => ({
        ...{ capture, index, key: 'a', line, root: 'cd'.repeat(32), logIndex: 3 },
      }));
      await judged.prove(proofs, 3, 'log');
      const before = await judged.digest();
      await judged.close();

      const empty = await open();
      await migrate(empty);
      const built = new Ledger(empty, {});
      expect(await built.digest()).not.toEqual(before);
      for (let from = 0; from < lake.length; from += 4) await built.replay(lake.slice(from, from + 4));
      await built.replay(lake);
      await built.prove(proofs, 3, 'log');
      expect(await built.digest()).toEqual(before);
      expect(await built.lastProved('log')).toBe(3);

      // What was stored is known: sent again it is a duplicate, and numbers go on behind the last.
      const again = await run(built, SECOND);
      expect(outcomes(again.verdicts)).toEqual(Array(3).fill('duplicate'));
      expect(Number(again.verdicts[0]?.seq)).toBeGreaterThan(Number(lake[7]?.seq));

      // Made again, it gives no number a second time.
      await built.skipNumbers();
      const next = await run(built, [
        commissioning({ at: '2026-03-01T00:00:00Z', items: [unit('99')], ...lot }),
      ]);
      expect(next.verdicts[0]?.seq).toBe('2000001');
      expect((await built.acks(next.order.partner, '4000000', 10)).map(({ seq }) => seq)).toEqual([
        '4000002',
        '4000003',
      ]);
      await built.close();
    });
  });
}
