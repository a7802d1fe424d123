// Compares what was sent with what is there: lines of the lake, dead letters, rows of the ledger.

import { join } from 'node:path';
import type { Database } from '../../engine/ledger/database.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { readLines } from '../support/read-lake.ts';
import type { CaptureLoad } from './capture-load.ts';

interface Line {
  readonly capture_id: string;
  readonly index: number;
  readonly event_hash: string;
  readonly seq: string;
}

interface Letter {
  readonly source: { readonly frame: number | null; readonly session: string };
}

const SEQS = `SELECT v.partner_gln AS partner, count(*)::text AS n, min(v.seq)::text AS first, max(v.seq)::text AS last,
  max(p.next_event_seq)::text AS next FROM firn.verdict v JOIN firn.partner p ON p.gln = v.partner_gln GROUP BY 1`;
const ACKS = `SELECT a.partner_gln AS partner, count(*)::text AS n, min(a.ack_seq)::text AS first, max(a.ack_seq)::text AS last
  FROM firn.ack a GROUP BY 1`;
const JOBS = `SELECT count(*)::text AS n, count(*) FILTER (WHERE finished_at IS NULL)::text AS open FROM firn.capture_job`;
const ROWS = `SELECT capture_id::text AS capture, ord, encode(event_hash, 'hex') AS hash, seq::text AS seq FROM firn.event`;
const BROKEN = `SELECT count(*)::text AS n FROM firn.batch b WHERE b.batch_seq > 1 AND NOT EXISTS
  (SELECT 1 FROM firn.batch p WHERE p.partner_gln = b.partner_gln AND p.batch_id = b.prev_batch_id)`;

/** @returns faults, as sentences; empty = all of it is there once */
export async function judgeCaptures(
  load: CaptureLoad,
  data: string,
  database: Database,
  digest: Readonly<Record<string, string>>,
): Promise<string[]> {
  const faults: string[] = [];
  const lake = join(data, 'lake');
  const report = await verifyLake({ lake });
  for (const finding of report.findings) faults.push(`verify: ${JSON.stringify(finding)}`);

  const lines = (await readLines(lake, 'epcis/')).map((text) => JSON.parse(text) as Line);
  const letters = (await readLines(lake, 'dead-letter/epcis/')).map((text) => JSON.parse(text) as Letter);
  const found = new Map<string, string>();
  const tell = (capture: string, index: number, outcome: string): void => {
    const key = `${capture}/${index}`;
    if (found.has(key)) faults.push(`${key} is there twice: ${found.get(key)} and ${outcome}`);
    found.set(key, outcome);
  };
  for (const { capture_id, index } of lines) tell(capture_id, index, 'accepted');
  for (const { source } of letters)
    tell(source.session.replace(/^capture:/, ''), source.frame ?? -1, 'refused');
  for (const { location, outcomes } of load.sent) {
    const id = location?.split('/').at(-1) ?? '';
    for (const [index, outcome] of outcomes.entries()) {
      const there = found.get(`${id}/${index}`) ?? 'duplicate';
      if (there !== outcome) faults.push(`${id}/${index} is ${there}, not ${outcome}`);
      found.delete(`${id}/${index}`);
    }
  }
  for (const [key, outcome] of found) faults.push(`${key} (${outcome}) was never sent`);

  const rows = await database.query(ROWS);
  const stored = new Set(rows.map((row) => `${row['capture']}/${row['ord']}/${row['hash']}/${row['seq']}`));
  for (const { capture_id, index, event_hash, seq } of lines)
    if (!stored.delete(`${capture_id}/${index}/${event_hash}/${seq}`))
      faults.push(`the line of ${capture_id}/${index} is not in the ledger as it is in the lake`);
  for (const row of stored) faults.push(`${row} is in the ledger and not in the lake`);
  if (!digest['event']?.startsWith(`${lines.length} `)) faults.push(`the ledger counts ${digest['event']}`);

  for (const row of await database.query(SEQS))
    if (row['first'] !== '1' || row['n'] !== row['last'] || Number(row['next']) !== Number(row['last']) + 1)
      faults.push(`numbers of events have a gap: ${JSON.stringify(row)}`);
  for (const row of await database.query(ACKS))
    if (row['first'] !== '1' || row['n'] !== row['last'])
      faults.push(`numbers of acknowledgements have a gap: ${JSON.stringify(row)}`);
  const [jobs] = await database.query(JOBS);
  if (Number(jobs?.['n']) !== load.documents || jobs?.['open'] !== '0')
    faults.push(`${load.documents} documents, jobs: ${JSON.stringify(jobs)}`);
  const [broken] = await database.query(BROKEN);
  if (broken?.['n'] !== '0') faults.push(`the chain of batches is broken at ${broken?.['n']} places`);
  return faults.slice(0, 20);
}
