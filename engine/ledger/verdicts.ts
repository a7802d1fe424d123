// What became of each event of a job, kept by (capture, index): a chunk that comes again after a crash is answered, not judged.

import type { Finding } from '../epcis/model.ts';
import { columns } from './array-literal.ts';
import type { Row, Session } from './database.ts';
import type { Verdict } from './model.ts';

const COLUMNS = `ord, seq::text AS seq, outcome, findings, (extract(epoch FROM record_time) * 1000)::bigint::text AS record_ms`;

function verdictOf(row: Row): Verdict {
  return {
    index: row['ord'] as number,
    seq: row['seq'] as string,
    outcome: row['outcome'] as Verdict['outcome'],
    findings: row['findings'] === null ? [] : (JSON.parse(row['findings'] as string) as Finding[]),
    recordMs: Number(row['record_ms']),
  };
}

/** Verdicts of a job from index `from` on, in order, at most `limit`. */
export async function readVerdicts(
  session: Session,
  capture: string,
  from: number,
  limit: number,
): Promise<Verdict[]> {
  const rows = await session.query(
    `SELECT ${COLUMNS} FROM firn.verdict WHERE capture_id = $1::uuid AND ord >= $2 ORDER BY ord LIMIT $3`,
    [capture, from, limit],
  );
  return rows.map(verdictOf);
}

/** Those of them with findings. */
export async function readFound(
  session: Session,
  capture: string,
  from: number,
  limit: number,
): Promise<Verdict[]> {
  const rows = await session.query(
    `SELECT ${COLUMNS} FROM firn.verdict WHERE capture_id = $1::uuid AND ord >= $2 AND findings IS NOT NULL
     ORDER BY ord LIMIT $3`,
    [capture, from, limit],
  );
  return rows.map(verdictOf);
}

/** Stores verdicts of one transaction and counts them in the job. */
export async function storeVerdicts(
  session: Session,
  capture: string,
  partner: string,
  verdicts: readonly Verdict[],
): Promise<void> {
  if (verdicts.length === 0) return;
  await session.query(
    `INSERT INTO firn.verdict (capture_id, ord, partner_gln, seq, outcome, findings, record_time)
     SELECT $1::uuid, t.ord, $2, t.seq, t.outcome, t.findings, t.record_time
     FROM unnest($3::int[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[]) AS t(ord, seq, outcome, findings, record_time)`,
    [
      capture,
      partner,
      ...columns(
        verdicts,
        (each) => each.index,
        (each) => each.seq,
        (each) => each.outcome,
        (each) => (each.findings.length === 0 ? null : JSON.stringify(each.findings)),
        (each) => new Date(each.recordMs).toISOString(),
      ),
    ],
  );
  const count = (outcome: Verdict['outcome']): number =>
    verdicts.filter((each) => each.outcome === outcome).length;
  await session.query(
    `UPDATE firn.capture_job SET accepted = accepted + $2, duplicate = duplicate + $3, rejected = rejected + $4
     WHERE capture_id = $1::uuid`,
    [capture, count('accepted'), count('duplicate'), count('refused')],
  );
}
