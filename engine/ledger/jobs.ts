// Capture jobs: begun with the first acknowledgement, over with their report and the second, told one by one or in pages.

import type { Finding } from '../epcis/model.ts';
import { putAck } from './acks.ts';
import type { Row, Session } from './database.ts';
import type { Ack, Behaviour, JobOrder, JobReport } from './model.ts';
import { ensurePartner, lockPartner } from './partners.ts';
import { readFound } from './verdicts.ts';

/** Findings of one code that a report lists. */
export const LISTED = 100;
/** Told once with the number of events: of a document from an archive it is true of every event, and says nothing new of any. */
const TOLD_ONCE: readonly string[] = ['L15_STALE'];
/** Refused events that an acknowledgement names; the job has the rest. */
const NAMED = 1_000;
const PAGE = 2_000;

const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::bigint::text`;
const COLUMNS = `capture_id::text AS id, partner_gln, behaviour, encode(raw_sha256, 'hex') AS sha256, ${ms('received_at')} AS created_ms,
  accepted::text AS accepted, duplicate::text AS duplicate, rejected::text AS rejected, report`;

function reportOf(row: Row): JobReport {
  if (row['report'] !== null) return JSON.parse(row['report'] as string) as JobReport;
  const [accepted, duplicate, rejected] = ['accepted', 'duplicate', 'rejected'].map((name) =>
    Number(row[name]),
  );
  return {
    id: row['id'] as string,
    partner: row['partner_gln'] as string,
    createdMs: Number(row['created_ms']),
    finishedMs: null,
    running: true,
    success: rejected === 0,
    behaviour: row['behaviour'] as Behaviour,
    sha256: row['sha256'] as string,
    events: (accepted ?? 0) + (duplicate ?? 0) + (rejected ?? 0),
    accepted: accepted ?? 0,
    duplicate: duplicate ?? 0,
    rejected: rejected ?? 0,
    findings: [],
  };
}

export async function readJob(session: Session, id: string): Promise<JobReport | null> {
  const rows = await session.query(`SELECT ${COLUMNS} FROM firn.capture_job WHERE capture_id = $1::uuid`, [
    id,
  ]);
  return rows[0] === undefined ? null : reportOf(rows[0]);
}

/** Newest first, those behind job `after`; of one partner, or (null) of all. */
export async function readJobs(
  session: Session,
  partner: string | null,
  after: string | null,
  limit: number,
): Promise<JobReport[]> {
  const rows = await session.query(
    `SELECT ${COLUMNS} FROM firn.capture_job WHERE ($1::text IS NULL OR partner_gln = $1)
       AND ($2::uuid IS NULL OR (received_at, capture_id) < (SELECT received_at, capture_id FROM firn.capture_job WHERE capture_id = $2::uuid))
     ORDER BY received_at DESC, capture_id DESC LIMIT $3`,
    [partner, after, limit],
  );
  return rows.map(reportOf);
}

/** Makes the job and its first acknowledgement, once. */
export async function beginJob(session: Session, order: JobOrder, nowMs: number): Promise<void> {
  const { id, partner } = order;
  await ensurePartner(session, partner);
  await lockPartner(session, partner);
  await session.query(
    `INSERT INTO firn.capture_job (capture_id, partner_gln, media_type, behaviour, single, raw_sha256, raw_bytes, head, received_at)
     VALUES ($1::uuid, $2, $3, $4, $5, decode($6, 'hex'), $7, $8, $9::timestamptz) ON CONFLICT (capture_id) DO NOTHING`,
    [
      id,
      partner,
      order.mediaType,
      order.behaviour,
      order.single,
      order.sha256,
      order.bytes,
      // Master data is in the raw document, and can be large.
      JSON.stringify({ ...order.head, masterData: [] }),
      new Date(order.receivedMs).toISOString(),
    ],
  );
  const body = {
    capture_id: id,
    instance_id: order.head.instanceIdentifier,
    raw_bytes: order.bytes,
    raw_sha256: order.sha256,
  };
  await putAck(session, partner, id, 'received', body, nowMs);
}

/** Findings as a report lists them, and the refused events as an acknowledgement names them. */
async function gather(session: Session, id: string, documentFindings: readonly Finding[]) {
  const counted = new Map<string, { first: Finding; count: number }>();
  const findings: Finding[] = [];
  const rejected: { eventIndex: number; codes: string[] }[] = [];
  const add = (finding: Finding): void => {
    const seen = counted.get(finding.code) ?? { first: finding, count: 0 };
    seen.count += 1;
    counted.set(finding.code, seen);
    if (seen.count <= (TOLD_ONCE.includes(finding.code) ? 1 : LISTED)) findings.push(finding);
  };
  documentFindings.forEach(add);
  for (let from = 0; ; ) {
    const page = await readFound(session, id, from, PAGE);
    for (const verdict of page) {
      verdict.findings.forEach(add);
      if (verdict.outcome !== 'refused' || rejected.length === NAMED) continue;
      const codes = verdict.findings.filter((each) => each.severity === 'reject').map((each) => each.code);
      rejected.push({ eventIndex: verdict.index, codes: [...new Set(codes)] });
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    from = last.index + 1;
  }
  for (const [code, { first, count }] of counted) {
    if (TOLD_ONCE.includes(code) && count > 1) {
      const detail = `${first.detail}; so ${count === 2 ? 'is 1 more event' : `are ${count - 1} more events`}`;
      findings[findings.indexOf(first)] = { ...first, detail };
    } else if (count > LISTED)
      findings.push({
        code: 'FINDINGS_TRUNCATED',
        severity: 'info',
        event: null,
        pointer: '',
        detail: `${code}: ${count} findings, ${LISTED} are listed`,
      });
  }
  return { findings, rejected };
}

function kindOf(
  counts: { accepted: number; duplicate: number; rejected: number },
  isRefused: boolean,
): Ack['kind'] {
  if (counts.rejected === 0 && !isRefused) return 'accepted';
  return counts.accepted + counts.duplicate > 0 ? 'partial' : 'rejected';
}

/** Ends a job, once: its report and the second acknowledgement. */
export async function finishJob(
  session: Session,
  order: JobOrder,
  documentFindings: readonly Finding[],
  nowMs: number,
): Promise<JobReport> {
  await lockPartner(session, order.partner);
  const running = await readJob(session, order.id);
  if (running === null) throw new Error(`assertion: job ${order.id} was begun`);
  if (!running.running) return running;
  const { findings, rejected } = await gather(session, order.id, documentFindings);
  const isRefused = documentFindings.some((each) => each.severity === 'reject' && each.event === null);
  const kind = kindOf(running, isRefused);
  const report: JobReport = {
    ...running,
    finishedMs: nowMs,
    running: false,
    success: kind === 'accepted',
    findings,
    ...(order.single ? { eventIds: await eventIds(session, order.id) } : {}),
  };
  await session.query(
    `UPDATE firn.capture_job SET finished_at = $2::timestamptz, report = $3 WHERE capture_id = $1::uuid`,
    [order.id, new Date(nowMs).toISOString(), JSON.stringify(report)],
  );
  const { events, accepted, duplicate } = running;
  const body = {
    batches: await batchesOf(session, order.id),
    capture_id: order.id,
    counts: { accepted, duplicate, events, rejected: running.rejected },
    document: documentFindings.filter((each) => each.severity === 'reject').map((each) => each.code),
    instance_id: order.head.instanceIdentifier,
    raw_sha256: order.sha256,
    rejected,
  };
  await putAck(session, order.partner, order.id, kind, body, nowMs);
  return report;
}

async function eventIds(session: Session, id: string): Promise<string[]> {
  const rows = await session.query(
    'SELECT event_id FROM firn.event WHERE capture_id = $1::uuid ORDER BY ord',
    [id],
  );
  return rows.map((row) => row['event_id'] as string);
}

async function batchesOf(session: Session, id: string): Promise<unknown[]> {
  const rows = await session.query(
    `SELECT encode(batch_id, 'hex') AS batch_id, first_seq::text AS first_seq, last_seq::text AS last_seq FROM firn.batch
     WHERE capture_id = $1::uuid ORDER BY batch_seq LIMIT $2`,
    [id, NAMED],
  );
  return rows.map(({ batch_id, first_seq, last_seq }) => ({ batch_id, first_seq, last_seq }));
}
