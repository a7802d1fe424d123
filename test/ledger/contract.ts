// What the ledger does, whatever database is under it. Each test brings GTINs of its own, so they share one database.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JudgedEvent } from '../../engine/epcis/judged.ts';
import type { Database } from '../../engine/ledger/database.ts';
import { Ledger } from '../../engine/ledger/ledger.ts';
import { migrate, migrations } from '../../engine/ledger/migrate.ts';
import type { Chunk, Verdict } from '../../engine/ledger/model.ts';
import { BeginAgain } from '../../engine/ledger/staging.ts';
import { commissioning, packing, shipping, told, unpacking } from '../epcis/state/told.ts';
import { chunks, OTHER_PARTNER, order, outcomes, PARTNER, rollback, run } from './jobs.ts';

let company = 0;

/** Keys that no other test uses, and the life of one pallet with them. */
function goods(units = 3) {
  company += 1;
  const prefix = `0952${String(company).padStart(8, '0')}`;
  const gtin = `${prefix}17`;
  const unit = (serial: number): string => `${gtin}/u${serial}`;
  const pallet = `/(00)${prefix}000000`;
  const items = Array.from({ length: units }, (_, i) => unit(i));
  const lot = { lot: 'A123', expiry: '2027-03-27' };
  const life: JudgedEvent[] = [
    commissioning({ at: '2026-01-01T06:00:00Z', items, ...lot }),
    commissioning({ at: '2026-01-01T07:00:00Z', items: [pallet] }),
    packing({ at: '2026-01-01T08:00:00Z', parent: pallet, children: items }),
    shipping({ at: '2026-01-02T08:00:00Z', items: [pallet] }),
  ];
  return { gtin, unit, pallet, items, lot, life };
}

const codes = (verdict: Verdict | undefined): string[] =>
  (verdict?.findings ?? []).map((finding) => finding.code);

/** Runs the contract on a database that is empty; `open` is called once. */
export function ledgerContract(name: string, open: () => Promise<Database>): void {
  describe(`ledger on ${name}`, () => {
    let database: Database;
    let ledger: Ledger;
    const count = async (from: string): Promise<number> =>
      Number((await database.query(`SELECT count(*)::text AS n FROM ${from}`))[0]?.['n']);
    const verdictsOf = (id: string): Promise<readonly Verdict[]> => ledger.verdicts(id, 0, 100_000);

    beforeAll(async () => {
      database = await open();
      await migrate(database);
      ledger = new Ledger(database, {});
    });
    afterAll(async () => {
      await ledger.close();
    });

    test('a job is stored, told, and acknowledged twice', async () => {
      const { life, pallet, unit, gtin } = goods();
      const { order: job, verdicts, report } = await run(ledger, life);
      expect(outcomes(verdicts)).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
      const first = Number(verdicts[0]?.seq);
      expect(verdicts.map((verdict) => Number(verdict.seq) - first)).toEqual([0, 1, 2, 3]);
      expect(report).toMatchObject({ events: 4, accepted: 4, rejected: 0, running: false, success: true });
      expect(await ledger.job(job.id)).toEqual(report);
      const acks = (await ledger.acks(PARTNER, '0', 1000)).filter((ack) => ack.capture === job.id);
      expect(acks.map((ack) => ack.kind)).toEqual(['received', 'accepted']);
      expect(acks[1]?.body).toMatchObject({ counts: { events: 4, accepted: 4 }, rejected: [] });
      const item = await ledger.item(gtin, 'u0');
      expect(item).toMatchObject({ lot: 'A123', expiry: '2027-03-27', state: 'packed' });
      expect(item?.parent).toEqual({ gtin: '', serial: pallet.slice(1) });
      expect(item?.events.map((event) => [event.bizStep, event.role, event.eventTime])).toEqual([
        ['commissioning', 'item', '2026-01-01T06:00:00.000Z'],
        ['packing', 'child', '2026-01-01T08:00:00.000Z'],
      ]);
      expect(await ledger.item(gtin, 'never')).toBeNull();
      const id = life[0]?.canonical?.eventId as string;
      expect(await ledger.event(id)).toMatchObject({ eventId: id, index: 0, capture: job.id, proof: null });
      expect(await ledger.event('urn:uuid:none')).toBeNull();
      expect(unit(0)).toBe(`${gtin}/u0`);
    });

    test('everything sent again is a duplicate and stores nothing', async () => {
      const { life } = goods();
      await run(ledger, life);
      const before = [await count('firn.event'), await count('firn.ledger')];
      const { verdicts, report } = await run(ledger, life);
      expect(outcomes(verdicts)).toEqual(Array(4).fill('duplicate'));
      expect(report).toMatchObject({ accepted: 0, duplicate: 4, rejected: 0, success: true });
      expect([await count('firn.event'), await count('firn.ledger')]).toEqual(before);
    });

    test('what another partner tells again, as a later owner does with the events of the maker, is a duplicate', async () => {
      const { life } = goods();
      await run(ledger, life);
      const before = [await count('firn.event'), await count('firn.ledger')];
      const { verdicts, report } = await run(ledger, life, { partner: OTHER_PARTNER });
      expect(outcomes(verdicts)).toEqual(Array(4).fill('duplicate'));
      expect(report).toMatchObject({ accepted: 0, duplicate: 4, rejected: 0, success: true });
      expect([await count('firn.event'), await count('firn.ledger')]).toEqual(before);
    });

    test('a chunk that comes again is answered with the same verdicts, however it is cut', async () => {
      const { life } = goods();
      const job = order();
      await ledger.begin(job);
      const two = chunks(life, 2);
      const first = await ledger.apply(job, two[0] as Chunk);
      expect(await ledger.apply(job, two[0] as Chunk)).toEqual(first);
      const whole = await ledger.apply(job, chunks(life)[0] as Chunk);
      expect(whole.slice(0, 2)).toEqual(first);
      expect(outcomes(whole)).toEqual(Array(4).fill('accepted'));
      const report = await ledger.finish(job, []);
      expect(report).toMatchObject({ events: 4, accepted: 4, duplicate: 0 });
      expect(await ledger.finish(job, [])).toEqual(report);
      await ledger.begin(job);
      const kinds = (await ledger.acks(PARTNER, '0', 1000)).filter((ack) => ack.capture === job.id);
      expect(kinds.map((ack) => ack.kind)).toEqual(['received', 'accepted']);
    });

    test('proceed stores what is sound; numbers and acknowledgements have no gaps', async () => {
      const { life, items, lot } = goods();
      const again = commissioning({ at: '2026-01-03T00:00:00Z', items, ...lot, lot: 'B' });
      const { verdicts, report } = await run(ledger, [...life, again], {}, 2);
      expect(outcomes(verdicts).slice(-1)).toEqual(['refused']);
      expect(codes(verdicts.at(-1))).toEqual(['L02_SERIAL_LOT_CONFLICT']);
      expect(report).toMatchObject({ accepted: 4, rejected: 1, success: false });
      const acks = await ledger.acks(PARTNER, '0', 10_000);
      expect(acks.map((ack) => Number(ack.seq))).toEqual(acks.map((_, i) => i + 1));
      expect(acks.at(-1)).toMatchObject({ kind: 'partial' });
      expect(acks.at(-1)?.body).toMatchObject({
        rejected: [{ eventIndex: 4, codes: ['L02_SERIAL_LOT_CONFLICT'] }],
      });
      const seqs = await database.query(
        `SELECT v.seq::text AS seq FROM firn.verdict v WHERE partner_gln = $1 ORDER BY v.seq`,
        [PARTNER],
      );
      expect(seqs.map((row) => Number(row['seq']))).toEqual(seqs.map((_, i) => i + 1));
    });

    test('rollback: one that fails takes all with it, over several chunks', async () => {
      const { life, items, lot, gtin } = goods();
      const again = commissioning({ at: '2026-01-03T00:00:00Z', items, ...lot });
      const { order: job, verdicts, report } = await run(ledger, [...life, again], rollback, 2);
      expect(outcomes(verdicts)).toEqual(['accepted', 'accepted', 'accepted', 'accepted', 'refused']);
      expect(report).toMatchObject({ accepted: 0, rejected: 5, success: false });
      const final = await verdictsOf(job.id);
      expect(final.map((verdict) => codes(verdict)[0])).toEqual([
        ...Array(4).fill('F02_ROLLED_BACK'),
        'L01_SERIAL_DUP_IN_LOT',
      ]);
      const hashes = [...life, again].map((each) => each.canonical?.hash);
      expect(final.map(({ findings }) => findings[0]?.eventHash)).toEqual(hashes);
      expect(report.findings.map(({ eventHash }) => eventHash)).toEqual(hashes);
      expect(await ledger.item(gtin, 'u0')).toBeNull();
      const acks = await ledger.acks(PARTNER, '0', 10_000);
      expect(acks.at(-1)).toMatchObject({ kind: 'rejected', capture: job.id });
      expect(outcomes((await run(ledger, life, rollback, 2)).verdicts)).toEqual(Array(4).fill('accepted'));
      expect(await ledger.apply(job, chunks([...life, again], 2)[0] as Chunk)).toEqual(final.slice(0, 2));
    });

    test('rollback: a job that is begun again in the middle leaves nothing of its first try', async () => {
      const { life, gtin } = goods();
      const job = order(rollback);
      const [first, second] = chunks(life, 2);
      await ledger.begin(job);
      await ledger.apply(job, first as Chunk);
      await ledger.begin(job);
      await expect(ledger.apply(job, second as Chunk)).rejects.toThrow(BeginAgain);
      expect(await ledger.item(gtin, 'u0')).toBeNull();
      await ledger.apply(job, first as Chunk);
      expect(outcomes(await ledger.apply(job, second as Chunk))).toEqual(['accepted', 'accepted']);
      expect(await ledger.finish(job, [])).toMatchObject({ accepted: 4, success: true });
    });

    test('rollback: a commit that was still under way when the job came again is not answered as nothing', async () => {
      const { life } = goods();
      const { order: job, verdicts } = await run(ledger, life, rollback);
      // Outside of a transaction that waits for the partner's row, the verdicts are not to be seen yet.
      const early: Database = {
        ...database,
        query: async (sql, parameters) =>
          sql.includes('FROM firn.verdict') ? [] : database.query(sql, parameters),
      };
      const other = new Ledger(early, {});
      expect(await other.apply(job, chunks(life)[0] as Chunk)).toEqual(verdicts);
      expect(await other.apply(job, chunks(life, 3)[0] as Chunk)).toEqual(verdicts.slice(0, 3));
    });

    test('rollback: a job whose last chunk is missing does not end; an empty last chunk ends it', async () => {
      const { life, gtin } = goods();
      const job = order(rollback);
      await ledger.begin(job);
      await ledger.apply(job, { ...(chunks(life)[0] as Chunk), last: false });
      await expect(ledger.finish(job, [])).rejects.toThrow('assertion');
      expect(await ledger.apply(job, { events: [], last: true })).toEqual([]);
      expect(await ledger.finish(job, [])).toMatchObject({ accepted: 4, success: true });
      expect(await ledger.item(gtin, 'u0')).not.toBeNull();
    });

    test('history reaches over chunks and jobs', async () => {
      const { life, items, pallet } = goods();
      await run(ledger, life.slice(0, 3), {}, 1);
      const late = shipping({ at: '2028-01-01T00:00:00Z', items: [pallet] });
      const { verdicts } = await run(ledger, [late]);
      expect(codes(verdicts[0])).toEqual(['L04_EXPIRED_SHIPPED']);
      const out = await run(ledger, [unpacking({ at: '2026-01-03T00:00:00Z', parent: pallet }), late]);
      expect(outcomes(out.verdicts)).toEqual(['accepted', 'accepted']);
      expect((await ledger.item(items[0]?.split('/')[0] as string, 'u0'))?.parent).toBeNull();
      const early = shipping({ at: '2025-01-01T00:00:00Z', items: [pallet] });
      expect(codes((await run(ledger, [early])).verdicts[0])).toEqual(['L07_OUT_OF_ORDER']);
    });

    test('a lot has one expiry date, a key one event, over jobs', async () => {
      const { life, unit, items, lot } = goods();
      await run(ledger, life);
      const other = commissioning({
        at: '2026-01-05T00:00:00Z',
        items: [unit(9)],
        ...lot,
        expiry: '2028-01-01',
      });
      const storing = { at: '2026-01-05T00:00:00Z', step: 'storing', items };
      const { verdicts } = await run(ledger, [other, told(storing), told({ ...storing, note: 'x' })], {}, 1);
      expect(verdicts.map(codes)).toEqual([['L03_LOT_EXPIRY_CONFLICT'], [], ['L13_KEY_CONFLICT']]);
      const same = await run(ledger, [told({ ...storing, note: 'x' })], { partner: OTHER_PARTNER });
      expect(outcomes(same.verdicts)).toEqual(['accepted']);
    });

    test('only what comes into being gives a lot its expiry date: no declaration, no ingredient', async () => {
      const { life, unit, gtin, lot } = goods();
      const { gtin: ingredient } = goods();
      const wrong = { at: '2026-01-05T00:00:00Z', items: [unit(9)], ...lot, expiry: '2028-01-01' };
      const declared = commissioning({ ...wrong, declaredAt: '2026-01-06T00:00:00Z' });
      const mixed = told({
        type: 'TransformationEvent',
        action: null,
        at: '2026-01-07T00:00:00Z',
        inputs: [`${ingredient}/(10)B`],
        outputs: [unit(10)],
        lot: 'B',
        expiry: '2028-01-01',
      });
      // The declaration is told before and behind the lot it is wrong about, in a chunk and over chunks.
      const events = [declared, ...life, commissioning(wrong), mixed];
      const sound = [...Array(5).fill('accepted'), 'refused', 'accepted'];
      expect(outcomes((await run(ledger, events)).verdicts)).toEqual(sound);
      expect(outcomes((await run(ledger, [declared, commissioning(wrong)], {}, 1)).verdicts)).toEqual([
        'duplicate',
        'refused',
      ]);
      const again = commissioning({ ...wrong, declaredAt: '2026-01-08T00:00:00Z' });
      expect(outcomes((await run(ledger, [again])).verdicts)).toEqual(['accepted']);
      const lots = 'SELECT lot, expiry::text FROM firn.lot WHERE gtin IN ($1, $2) ORDER BY lot';
      expect(await database.query(lots, [gtin, ingredient])).toEqual([
        { lot: 'A123', expiry: '2027-03-27' },
        { lot: 'B', expiry: '2028-01-01' },
      ]);
    });

    test('error declarations are stored, each once, and stand in the history', async () => {
      const { life, pallet } = goods();
      const ship = { at: '2026-01-02T08:00:00Z', items: [pallet] };
      const one = shipping({ ...ship, declaredAt: '2026-01-05T00:00:00Z' });
      const two = shipping({ ...ship, declaredAt: '2026-01-06T00:00:00Z' });
      expect(outcomes((await run(ledger, [...life, one, two])).verdicts)).toEqual(Array(6).fill('accepted'));
      // Key and hash of the first, as a job of its own.
      const three = shipping({ ...ship, declaredAt: '2026-01-07T00:00:00Z' });
      expect(outcomes((await run(ledger, [three])).verdicts)).toEqual(['accepted']);
      expect(outcomes((await run(ledger, [one, two])).verdicts)).toEqual(['duplicate', 'duplicate']);
      const item = await ledger.item('', pallet.slice(1));
      expect(item?.events.map((event) => event.declaredAt)).toEqual([
        null,
        null,
        null,
        '2026-01-05T00:00:00.000Z',
        '2026-01-06T00:00:00.000Z',
        '2026-01-07T00:00:00.000Z',
      ]);
    });

    test('a corrected event has the next turn of the key of the one that was declared erroneous', async () => {
      const { gtin, items, lot } = goods();
      const wrong = { at: '2026-01-01T06:00:00Z', items, lot: 'WRONG', expiry: '2027-01-01' };
      const declared = commissioning({ ...wrong, declaredAt: '2026-01-05T00:00:00Z' });
      const right = commissioning({ ...wrong, ...lot });
      const first = [commissioning(wrong), right, declared];
      expect(outcomes((await run(ledger, first)).verdicts)).toEqual(['accepted', 'refused', 'accepted']);
      expect(outcomes((await run(ledger, [right], rollback)).verdicts)).toEqual(['accepted']);
      expect(outcomes((await run(ledger, [...first, right])).verdicts)).toEqual(Array(4).fill('duplicate'));
      const other = await run(ledger, [commissioning({ ...wrong, ...lot, note: 'other' })]);
      expect(codes(other.verdicts[0])).toContain('L13_KEY_CONFLICT');
      const rows = await database.query(
        `SELECT disc, lot FROM firn.ledger WHERE gtin = $1 AND serial = 'u0' ORDER BY disc`,
        [gtin],
      );
      expect(rows.map((row) => [row['disc'], row['lot']])).toEqual([
        ['O.ADD.commissioning', 'WRONG'],
        ['O.ADD.commissioning 2', 'A123'],
        ['O.ADD.commissioning!', 'WRONG'],
      ]);
      expect(await ledger.item(gtin, 'u0')).toMatchObject({ lot: 'A123', state: 'commissioned' });
    });

    test('a late packing changes the link and not the state', async () => {
      const { life, pallet, unit, gtin } = goods();
      const later = told({ at: '2026-01-02T00:00:00Z', step: 'receiving', items: [unit(0)] });
      await run(ledger, [...life.slice(0, 2), later]);
      await run(ledger, life.slice(2, 3));
      const item = await ledger.item(gtin, 'u0');
      expect(item).toMatchObject({ state: 'received', parent: { gtin: '', serial: pallet.slice(1) } });
    });

    test('what is append only refuses to be changed, deleted or emptied', async () => {
      await run(ledger, goods().life);
      for (const table of ['event', 'ledger', 'batch', 'verdict']) {
        const column = table === 'ledger' ? 'role' : 'partner_gln';
        const tries = [
          `UPDATE firn.${table} SET ${column} = ''`,
          `DELETE FROM firn.${table}`,
          `TRUNCATE firn.${table}`,
        ];
        for (const sql of tries)
          await expect(database.query(sql)).rejects.toThrow(`firn.${table} is append only`);
      }
      await expect(database.query('UPDATE firn.item SET state = state')).resolves.toEqual([]);
    });

    test('the batches of a partner are one chain', async () => {
      await run(ledger, goods().life, {}, 1);
      const rows = await database.query(
        `SELECT encode(batch_id, 'hex') AS id, encode(prev_batch_id, 'hex') AS prev, first_seq::text AS first, last_seq::text AS last
         FROM firn.batch WHERE partner_gln = $1 ORDER BY batch_seq`,
        [PARTNER],
      );
      expect(rows[0]?.['prev']).toBe('00'.repeat(32));
      rows.slice(1).forEach((row, i) => {
        expect(row['prev']).toBe(rows[i]?.['id']);
        expect(Number(row['first'])).toBe(Number(rows[i]?.['last']) + 1);
      });
    });

    test('a chunk is stored with its verdicts, a job ends with its acknowledgement or not at all', async () => {
      const { life, gtin } = goods();
      const job = order();
      const [chunk] = chunks(life);
      const without = async (table: string, work: () => Promise<unknown>): Promise<void> => {
        await database.query(`ALTER TABLE firn.${table} RENAME TO away`);
        await expect(work()).rejects.toThrow(`firn.${table}`);
        await database.query(`ALTER TABLE firn.away RENAME TO ${table}`);
      };
      const stored = async (): Promise<readonly unknown[]> => [
        await count(`firn.event WHERE capture_id = '${job.id}'`),
        await count(`firn.ledger WHERE gtin = '${gtin}'`),
        await count(`firn.verdict WHERE capture_id = '${job.id}'`),
        await count(`firn.ack WHERE capture_id = '${job.id}'`),
        (await ledger.job(job.id))?.running,
      ];
      await without('ack', () => ledger.begin(job));
      expect(await stored()).toEqual([0, 0, 0, 0, undefined]);
      await ledger.begin(job);
      await without('batch', () => ledger.apply(job, chunk as Chunk));
      expect(await stored()).toEqual([0, 0, 0, 1, true]);
      expect(outcomes(await ledger.apply(job, chunk as Chunk))).toEqual(life.map(() => 'accepted'));
      await without('ack', () => ledger.finish(job, []));
      expect(await stored()).toMatchObject([life.length, expect.any(Number), life.length, 1, true]);
      for (let time = 0; time < 2; time++) {
        await ledger.finish(job, []);
        expect(await stored()).toMatchObject([life.length, expect.any(Number), life.length, 2, false]);
      }
    });

    test('the outbox of a partner: due, delivered, acknowledged up to a number', async () => {
      const partner = '9521234000020';
      await ledger.partners([{ gln: partner, name: 'A', ackUrl: 'http://127.0.0.1/acks' }]);
      await run(ledger, goods().life, { partner });
      await run(ledger, goods().life, { partner });
      const due = (limit = 10) => ledger.dueAcks(partner, limit);
      const kinds = ['received', 'accepted', 'received', 'accepted'];
      const all = kinds.map((kind, at) => ({ seq: String(at + 1), kind, partner }));
      expect(await due()).toMatchObject({ acks: all, pending: 4 });
      expect(await due(1)).toMatchObject({ acks: all.slice(0, 1), pending: 4 });
      await ledger.delivered(partner, '1');
      const [first] = await ledger.acks(partner, '0', 1);
      // Told twice, it was delivered when it was first.
      await ledger.delivered(partner, '1');
      expect(await ledger.acks(partner, '0', 1)).toEqual([first]);
      expect(await due()).toMatchObject({ acks: all.slice(1), pending: 3 });
      await ledger.acknowledge(partner, '3');
      expect(await due()).toMatchObject({ acks: all.slice(3), pending: 1 });
      await ledger.delivered(partner, '4');
      expect(await due()).toEqual({ acks: [], pending: 0 });
      const acks = await ledger.acks(partner, '1', 10);
      expect(acks).toMatchObject(all.slice(1));
      expect(acks[0]?.ackedMs).not.toBeNull();
    });

    test('jobs are told newest first, in pages', async () => {
      const partner = '9521234000037';
      const made: string[] = [];
      for (let day = 1; day <= 3; day++) {
        const receivedMs = Date.parse(`2026-03-0${day}T00:00:00Z`);
        made.unshift((await run(ledger, goods(1).life, { partner, receivedMs })).order.id);
      }
      const page = await ledger.jobs(partner, null, 2);
      expect(page.map((job) => job.id)).toEqual(made.slice(0, 2));
      const rest = await ledger.jobs(partner, page[1]?.id as string, 2);
      expect(rest.map((job) => job.id)).toEqual(made.slice(2));
      expect(await ledger.job('00000000-0000-0000-0000-000000000000')).toBeNull();
    });

    test('that events are old is told once, with their number; what rejects keeps its event', async () => {
      const stale = (event: number) =>
        ({ code: 'L15_STALE', severity: 'warn', event, pointer: `/${event}`, detail: 'from 2001' }) as const;
      const wrong = {
        code: 'S04_ACTION',
        severity: 'reject',
        event: 2,
        pointer: '/2',
        detail: 'none',
      } as const;
      const events = goods().life.map((event, at) => ({
        ...event,
        rejected: at === 2,
        findings: [...event.findings, stale(at), ...(at === 2 ? [wrong] : [])],
      }));
      const { report } = await run(ledger, events, {}, 2);
      const told = report.findings.filter(({ code }) => code === 'L15_STALE' || code === 'S04_ACTION');
      const more = `from 2001; so are ${events.length - 1} more events`;
      const of = (event: number) => ({ eventHash: events[event]?.canonical?.hash });
      expect(told).toEqual([
        { ...stale(0), ...of(0), detail: more },
        { ...wrong, ...of(2) },
      ]);
      const verdicts = await ledger.verdicts(report.id, 0, 100);
      expect(verdicts.every(({ findings }) => findings.some(({ code }) => code === 'L15_STALE'))).toBe(true);
    });

    test('a report lists a hundred findings of a code and counts the rest', async () => {
      const unknown = Array.from({ length: 130 }, (_, i) => {
        const { pallet } = goods();
        return shipping({ at: `2026-01-02T08:00:${String(i % 60).padStart(2, '0')}Z`, items: [pallet] });
      });
      const { report } = await run(ledger, unknown, {}, 50);
      expect(report).toMatchObject({ accepted: 130, success: true });
      expect(report.findings.filter((each) => each.code === 'L05_NOT_COMMISSIONED')).toHaveLength(100);
      expect(report.findings.at(-1)).toMatchObject({ code: 'FINDINGS_TRUNCATED' });
      expect(report.findings.at(-1)?.detail).toContain('130');
    });

    test('a document that is refused and one without events have their acknowledgement too', async () => {
      const job = order();
      await ledger.begin(job);
      const fault = {
        code: 'L11_GLN_PARTNER_MISMATCH',
        severity: 'reject',
        event: null,
        pointer: '',
        detail: '',
      };
      const report = await ledger.finish(job, [fault as never]);
      expect(report).toMatchObject({ success: false, events: 0, findings: [fault] });
      expect((await ledger.acks(PARTNER, '0', 10_000)).at(-1)).toMatchObject({ kind: 'rejected' });
      for (const behaviour of ['proceed', 'rollback'] as const) {
        const empty = await run(ledger, [], { behaviour });
        expect(empty.report).toMatchObject({ success: true, events: 0 });
      }
    });

    test('proofs stand in the history, and the follower knows where it is', async () => {
      const { life, gtin } = goods();
      const { order: job } = await run(ledger, life);
      const proof = {
        key: 'epcis/day=2026-01-01/a.ndjson.zst',
        line: 7,
        root: 'cd'.repeat(32),
        logIndex: 41,
      };
      await ledger.prove([{ ...proof, capture: job.id, index: 0 }], 41, 'log');
      await ledger.prove([{ ...proof, capture: job.id, index: 0 }], 40, 'log');
      expect(await ledger.lastProved('log')).toBe(41);
      expect((await ledger.item(gtin, 'u0'))?.events.map((event) => event.proof)).toEqual([proof, null]);
    });

    test('proofs: logs have positions of their own, and an event that is not there is told', async () => {
      const { life } = goods();
      const { order: job } = await run(ledger, life);
      const proof = { key: 'a', line: 0, root: 'cd'.repeat(32), logIndex: 2, capture: job.id, index: 0 };
      await ledger.prove([proof], 2, 'other.example');
      expect(await ledger.lastProved('other.example')).toBe(2);
      expect(await ledger.lastProved('third.example')).toBe(-1);
      await expect(ledger.prove([{ ...proof, index: 99 }], 3, 'other.example')).rejects.toThrow(
        /event 99 of capture .* firn ledger rebuild/,
      );
      expect(await ledger.lastProved('other.example')).toBe(2);
      expect(await ledger.eventsOf(job.id)).toBe(4);
      expect(await ledger.eventsOf(null)).toBe(1);
    });

    test('a ledger that was made again stores nothing of what the journal has and it has not', async () => {
      const { life } = goods();
      const before = await count('firn.event');
      const job = order();
      await ledger.begin(job);
      const [first, second] = chunks(life, 3);
      const lost = await ledger.apply(job, { ...(first as Chunk), journaled: 2 });
      expect(outcomes(lost)).toEqual(['refused', 'refused', 'accepted']);
      const verdicts = [...lost, ...(await ledger.apply(job, { ...(second as Chunk), journaled: 2 }))];
      const from = Number(verdicts[0]?.seq);
      expect(verdicts.map(({ seq }) => Number(seq) - from)).toEqual([0, 1, 2, 3]);
      expect(await count('firn.event')).toBe(before + 2);
      // Again is the same.
      expect(await ledger.apply(job, { ...(first as Chunk), journaled: 3 })).toEqual(lost);
      expect(await ledger.finish(job, [])).toMatchObject({ accepted: 2, rejected: 2, duplicate: 0 });
    });

    test.each([false, true])('the rest of a decided job with rollback, refused: %s', async (wasRefused) => {
      const { life } = goods();
      const { order: done } = await run(ledger, life.slice(0, 2));
      const job = order(rollback);
      await ledger.begin(job);
      const [first, second] = chunks(life, 2);
      const decided = { journaled: 2, wasRefused };
      await ledger.apply(job, { ...(first as Chunk), ...decided });
      const rest = await ledger.apply(job, { ...(second as Chunk), ...decided });
      expect(outcomes(rest)).toEqual(wasRefused ? ['refused', 'refused'] : ['accepted', 'accepted']);
      if (wasRefused) expect(codes(rest[0])).toContain('F02_ROLLED_BACK');
      const counts = wasRefused ? { rejected: 4 } : { accepted: 2, duplicate: 2 };
      expect(await ledger.finish(job, [])).toMatchObject(counts);
      expect(done.id).not.toBe(job.id);
    });

    test('POST /events: the report has the ids', async () => {
      const { life } = goods();
      const { report } = await run(ledger, life.slice(0, 1), { single: true });
      expect(report.eventIds).toEqual([life[0]?.canonical?.eventId]);
    });

    test('signs that SQL and array literals know come through as they are', async () => {
      const { gtin, lot } = goods();
      const serial = `a"b\\c',{}%_NULL`;
      const { verdicts } = await run(ledger, [
        commissioning({
          at: '2026-01-01T00:00:00Z',
          items: [`${gtin}/${serial}`, `${gtin}/NULL`],
          ...lot,
          lot: 'L"\\,',
        }),
      ]);
      expect(outcomes(verdicts)).toEqual(['accepted']);
      expect(await ledger.item(gtin, serial)).toMatchObject({ serial, lot: 'L"\\,' });
      expect(await ledger.item(gtin, 'NULL')).toMatchObject({ state: 'commissioned' });
    });

    test('a schema that is newer than this version is left alone', async () => {
      await expect(migrate(database, [])).rejects.toThrow('the ledger has schema 1, and this firn knows 0');
      expect(await migrate(database)).toBe(migrations().length);
    });

    test('a migration that fails leaves the schema as it was', async () => {
      const bad = { version: 2, sql: 'CREATE TABLE firn.extra (a int); SELECT 1 / 0' };
      await expect(migrate(database, [...migrations(), bad])).rejects.toThrow('division by zero');
      const good = { version: 2, sql: 'CREATE TABLE firn.extra (a int)' };
      await expect(migrate(database, [...migrations(), good])).resolves.toBe(2);
      expect(await count('firn.extra')).toBe(0);
      await database.run('DROP TABLE firn.extra; DELETE FROM firn.migration WHERE version = 2');
    });
  });
}
