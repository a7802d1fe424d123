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
import { told } from '../epcis/state/told.ts';
import { CLASSES, event, history, OBJECTS } from './histories.ts';
import { order, PARTNER } from './jobs.ts';

/** With declarations and corrections. */
const errors = history.map((told) => told.slice(0, 20)).filter(({ length }) => length > 0);
/** Sizes of chunks come round again when there are more events than they add up to; `again`: those of the second time. */
const documents = fc.array(
  fc.record({
    events: fc.oneof(fc.array(event, { minLength: 1, maxLength: 14 }), errors),
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
