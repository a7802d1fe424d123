// The ledger against the model of itself: the same random documents through the rules of history in memory, which know
// everything, and through the database in chunks of random sizes, which knows what it fetched. Verdicts and items are the
// same, or something was not fetched, not stored, or read back as another thing.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JudgedEvent } from '../../engine/epcis/judged.ts';
import { type Item, ofKey } from '../../engine/epcis/state/item.ts';
import { judgeState } from '../../engine/epcis/state/judge-state.ts';
import { State } from '../../engine/epcis/state/state.ts';
import type { Database } from '../../engine/ledger/database.ts';
import { Ledger } from '../../engine/ledger/ledger.ts';
import { migrate } from '../../engine/ledger/migrate.ts';
import { openPglite } from '../../engine/ledger/pglite.ts';
import { readState } from '../../engine/ledger/read-state.ts';
import { type Telling, told } from '../epcis/state/told.ts';
import { order, PARTNER } from './jobs.ts';

const GTINS = ['09521234000013', '19521234000010'];
const LOTS = ['A', 'B'];
/** Units, cases, pallets, and a thing that has no GTIN: few, so that everything meets everything. */
const OBJECTS = [
  ...['1', '2', '3', '4'].map((serial) => `${GTINS[0]}/${serial}`),
  ...['1', '2'].map((serial) => `${GTINS[1]}/${serial}`),
  '/(00)095212340000000013',
  '/(00)095212340000000020',
  '/urn:epc:id:giai:9521234.5',
];
const CLASSES = GTINS.flatMap((gtin) => LOTS.map((lot) => `${gtin}/(10)${lot}`));

const objects = fc.uniqueArray(fc.constantFrom(...OBJECTS), { minLength: 1, maxLength: 4 });
const things = fc.uniqueArray(fc.constantFrom(...OBJECTS, ...CLASSES), { minLength: 1, maxLength: 4 });
const at = fc.integer({ min: 0, max: 12 }).map((day) => new Date(Date.UTC(2026, 0, 1 + day)).toISOString());
const ilmd = fc.record(
  { lot: fc.constantFrom(...LOTS), expiry: fc.constantFrom('2026-01-05', '2027-03-27') },
  { requiredKeys: [] },
);
/** Sometimes an event that the stateless rules refused, a second one in place of the same, a declaration. */
const marks = fc.record(
  {
    note: fc.constantFrom('x', 'y'),
    declaredAt: fc.constantFrom('2026-02-01T00:00:00Z', '2026-02-02T00:00:00Z'),
  },
  { requiredKeys: [] },
);
const rarely = fc.option(marks, { freq: 4, nil: {} });
const rejected = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);

const kind: fc.Arbitrary<Omit<Telling, 'at'>> = fc.oneof(
  fc
    .record({
      items: things,
      action: fc.constant('ADD'),
      step: fc.constantFrom('commissioning', null, 'urn:x:make'),
    })
    .chain((event) => ilmd.map((more) => ({ ...event, ...more }))),
  fc.record({
    items: things,
    step: fc.constantFrom('shipping', 'receiving', 'void_shipping', 'storing', null),
  }),
  fc.record({
    items: objects,
    action: fc.constant('DELETE'),
    step: fc.constantFrom('decommissioning', 'destroying'),
  }),
  fc.record({
    type: fc.constant('AggregationEvent'),
    action: fc.constantFrom('ADD', 'ADD', 'DELETE', 'OBSERVE'),
    step: fc.constantFrom('packing', 'unpacking', 'shipping', 'loading'),
    parent: fc.constantFrom(...OBJECTS),
    children: fc.oneof(things, fc.constant([])),
  }),
  fc
    .record({
      type: fc.constant('TransformationEvent'),
      action: fc.constant(null),
      step: fc.constant(null),
      inputs: things,
      outputs: things,
    })
    .chain((event) => ilmd.map((more) => ({ ...event, ...more }))),
);
const event: fc.Arbitrary<JudgedEvent> = fc
  .tuple(kind, at, rarely, rejected)
  .map(([what, time, more, isRejected]) => told({ ...what, at: time, ...more, rejected: isRejected }));
/** Sizes of chunks come round again when there are more events than they add up to. */
const documents = fc.array(
  fc.record({
    events: fc.array(event, { minLength: 1, maxLength: 14 }),
    sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 5 },
);

function* cut(events: readonly JudgedEvent[], sizes: readonly number[]): Generator<JudgedEvent[]> {
  for (let from = 0, n = 0; from < events.length; n++) {
    const size = sizes[n % sizes.length] as number;
    yield events.slice(from, from + size).map((each, i) => ({ ...each, index: from + i }));
    from += size;
  }
}

const FOLDER = mkdtempSync(join(tmpdir(), 'firn-ledger-model-'));
let database: Database;
let ledger: Ledger;
let company = 0;

beforeAll(async () => {
  database = await openPglite(join(FOLDER, 'ledger'));
  await migrate(database);
  ledger = new Ledger(database, {});
}, 120_000);
afterAll(async () => {
  await ledger.close();
  rmSync(FOLDER, { recursive: true, force: true });
});

/** The same event of another world: a database is made once, and worlds share no GTIN. */
function inWorld(world: number, judged: JudgedEvent): JudgedEvent {
  const text = JSON.stringify(judged).replaceAll('9521234', String(1_000_000 + world));
  const moved = JSON.parse(text) as JudgedEvent;
  const { canonical } = moved;
  if (canonical === null) return moved;
  return { ...moved, canonical: { ...canonical, hash: hashIn(world, canonical.hash) } };
}

const hashIn = (world: number, hash: string): string => world.toString(16).padStart(8, '0') + hash.slice(8);
const keyIn = (world: number, key: string): string => key.replaceAll('9521234', String(1_000_000 + world));

/** An object as the database has it. */
async function stored(key: string): Promise<Item | undefined> {
  const { canonical } = told({ at: '2026-01-01T00:00:00Z', items: [key] });
  const { state } = await readState(database, canonical === null ? [] : [canonical], PARTNER);
  return state.item(key);
}

test('the ledger judges and knows what the rules of history do in memory, however its chunks are cut', async () => {
  await fc.assert(
    fc.asyncProperty(documents, async (sent) => {
      company += 1;
      const world = company;
      const state = new State();
      for (const { events, sizes } of sent) {
        const job = order({ id: randomUUID() });
        await ledger.begin(job);
        for (const chunk of cut(events, sizes)) {
          const moved = chunk.map((each) => inWorld(world, each));
          const last = moved.at(-1)?.index === events.length - 1;
          const verdicts = await ledger.apply(job, { events: moved, last });
          const expected = moved.map((each) =>
            judgeState(each, state, { partner: PARTNER, document: job.id, strictState: false }),
          );
          expect(verdicts.map(({ outcome, findings }) => ({ outcome, findings }))).toEqual(expected);
        }
      }
      for (const key of OBJECTS.map((each) => keyIn(world, each))) {
        expect(await stored(key)).toEqual(state.item(key));
      }
      for (const key of CLASSES.map((each) => ofKey(keyIn(world, each)))) {
        const lot = key.serial.slice(4);
        const [row] = await database.query(
          'SELECT expiry::text AS expiry FROM firn.lot WHERE gtin = $1 AND lot = $2',
          [key.gtin, lot],
        );
        expect(row?.['expiry']).toBe(state.expiryOf(key.gtin, lot));
      }
    }),
    { numRuns: 40 },
  );
}, 600_000);
