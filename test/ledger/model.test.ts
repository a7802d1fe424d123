// The ledger against the model of itself: the same random documents through the rules of history in memory, which know
// everything, and through the database in chunks of random sizes, which knows what it fetched. Verdicts and items are the
// same, or something was not fetched, not stored, or read back as another thing. Each job comes again, cut otherwise, and is
// answered as before.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JudgedEvent } from '../../engine/epcis/judged.ts';
import type { Finding } from '../../engine/epcis/model.ts';
import { type Item, ofKey } from '../../engine/epcis/state/item.ts';
import { judgeState, type StateContext, type StateVerdict } from '../../engine/epcis/state/judge-state.ts';
import { State } from '../../engine/epcis/state/state.ts';
import type { Database } from '../../engine/ledger/database.ts';
import { Ledger } from '../../engine/ledger/ledger.ts';
import { migrate } from '../../engine/ledger/migrate.ts';
import type { Chunk, JobOrder, Verdict } from '../../engine/ledger/model.ts';
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
/** Sizes of chunks come round again when there are more events than they add up to; `again`: those of the second time. */
const documents = fc.array(
  fc.record({
    events: fc.array(event, { minLength: 1, maxLength: 14 }),
    sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
    again: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
    behaviour: fc.constantFrom('proceed' as const, 'rollback' as const),
  }),
  { minLength: 1, maxLength: 5 },
);

type Sizes = readonly number[];

function cut(events: readonly JudgedEvent[], sizes: Sizes): Chunk[] {
  const chunks: Chunk[] = [];
  for (let from = 0; from < events.length; ) {
    const size = sizes[chunks.length % sizes.length] as number;
    chunks.push({ events: events.slice(from, from + size), last: from + size >= events.length });
    from += size;
  }
  return chunks;
}

/** Everything since the beginning, in memory. A job that is undone is forgotten by telling the rest again. */
class Model {
  state = new State();
  #told: (readonly [JudgedEvent, StateContext])[] = [];

  judge(job: JobOrder, events: readonly JudgedEvent[]): StateVerdict[] {
    const context = { partner: job.partner, document: job.id, strictState: false };
    const before = this.#told;
    this.#told = [...before, ...events.map((each) => [each, context] as const)];
    const verdicts = events.map((each) => judgeState(each, this.state, context));
    if (job.behaviour === 'proceed' || verdicts.every(({ outcome }) => outcome !== 'refused'))
      return verdicts;
    this.#told = before;
    this.state = new State();
    for (const [each, within] of before) judgeState(each, this.state, within);
    return verdicts.map(({ outcome, findings }, event) => ({
      outcome: 'refused',
      findings: outcome === 'refused' ? findings : [rolledBack(event)],
    }));
  }
}

const rolledBack = (event: number): Finding => ({
  code: 'F02_ROLLED_BACK',
  severity: 'reject',
  event,
  pointer: '',
  detail: 'another event was refused',
});

const FOLDER = mkdtempSync(join(tmpdir(), 'firn-ledger-model-'));
let database: Database;
let ledger: Ledger;
let company = 0;
const seqs: number[] = [];

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

async function applied(job: JobOrder, chunks: readonly Chunk[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const chunk of chunks) verdicts.push(...(await ledger.apply(job, chunk)));
  return verdicts;
}

test('the ledger judges and knows what the rules of history do in memory, however its chunks are cut', async () => {
  await fc.assert(
    fc.asyncProperty(documents, async (sent) => {
      company += 1;
      const world = company;
      const model = new Model();
      for (const { events, sizes, again, behaviour } of sent) {
        const job = order({ id: randomUUID(), behaviour });
        const moved = events.map((each, index) => inWorld(world, { ...each, index }));
        const expected = model.judge(job, moved);
        await ledger.begin(job);
        const verdicts = await applied(job, cut(moved, sizes));
        const final = await ledger.verdicts(job.id, 0, 100);
        const told = final.map(({ outcome, findings }) => ({
          outcome,
          findings: findings.map(({ eventHash: _, ...finding }) => finding),
        }));
        expect(told).toEqual(expected);
        expect(final.map(({ index }) => index)).toEqual(moved.map((_, index) => index));
        // Those of a job that was rolled back were told before that was known.
        if (final.every(({ outcome }) => outcome !== 'refused') || behaviour === 'proceed')
          expect(verdicts).toEqual(final);
        await ledger.begin(job);
        expect(await applied(job, cut(moved, again))).toEqual(final);
        const { accepted, duplicate, rejected, events: received } = await ledger.finish(job, []);
        expect([accepted + duplicate + rejected, received]).toEqual([events.length, events.length]);
        seqs.push(...final.map(({ seq }) => Number(seq)));
      }
      const { state } = model;
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
  // Whatever became of them: every event of the partner has the next number.
  expect(seqs).toEqual(seqs.map((_, at) => at + 1));
}, 600_000);
