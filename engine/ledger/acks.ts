// Acknowledgements for partners: an outbox, written in the transaction of what it tells. Delivered at least once; the digest
// tells a partner which it has.

import { createHash } from 'node:crypto';
import type { Row, Session } from './database.ts';
import { jcs } from './jcs.ts';
import type { Ack, DueAcks } from './model.ts';

/** Unix ms as text, NULL where there is none. */
const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::bigint::text`;

const COLUMNS = `a.partner_gln, a.ack_seq::text AS seq, a.capture_id::text AS capture, a.kind, a.body, encode(a.digest, 'hex') AS digest,
  ${ms('a.created_at')} AS created_ms, ${ms('a.delivered_at')} AS delivered_ms, ${ms('a.acked_at')} AS acked_ms`;

const orNull = (row: Row, name: string): number | null => (row[name] === null ? null : Number(row[name]));

function ackOf(row: Row): Ack {
  return {
    partner: row['partner_gln'] as string,
    seq: row['seq'] as string,
    capture: row['capture'] as string,
    kind: row['kind'] as Ack['kind'],
    body: JSON.parse(row['body'] as string),
    digest: row['digest'] as string,
    createdMs: Number(row['created_ms']),
    deliveredMs: orNull(row, 'delivered_ms'),
    ackedMs: orNull(row, 'acked_ms'),
  };
}

/** Puts an acknowledgement into the outbox with the partner's next number; a job has one of each kind at most. */
export async function putAck(
  session: Session,
  partner: string,
  capture: string,
  kind: Ack['kind'],
  body: unknown,
  nowMs: number,
): Promise<void> {
  const taken = await session.query(
    'SELECT 1 AS there FROM firn.ack WHERE capture_id = $1::uuid AND kind = $2',
    [capture, kind],
  );
  if (taken.length > 0) return;
  const rows = await session.query(
    `UPDATE firn.partner SET next_ack_seq = next_ack_seq + 1 WHERE gln = $1 RETURNING (next_ack_seq - 1)::text AS seq`,
    [partner],
  );
  const text = jcs(body);
  await session.query(
    `INSERT INTO firn.ack (partner_gln, ack_seq, capture_id, kind, body, digest, created_at)
     VALUES ($1, $2, $3::uuid, $4, $5, decode($6, 'hex'), $7::timestamptz)`,
    [
      partner,
      rows[0]?.['seq'] as string,
      capture,
      kind,
      text,
      createHash('sha256').update(text).digest('hex'),
      new Date(nowMs).toISOString(),
    ],
  );
}

/** Those of a partner behind `after`, in order. */
export async function readAcks(
  session: Session,
  partner: string,
  after: string,
  limit: number,
): Promise<Ack[]> {
  const rows = await session.query(
    `SELECT ${COLUMNS} FROM firn.ack a WHERE a.partner_gln = $1 AND a.ack_seq > $2 ORDER BY a.ack_seq LIMIT $3`,
    [partner, after, limit],
  );
  return rows.map(ackOf);
}

/** The partner has everything up to and with `seq`. */
export async function acknowledgeAcks(
  session: Session,
  partner: string,
  seq: string,
  nowMs: number,
): Promise<void> {
  await session.query(
    `UPDATE firn.ack SET acked_at = $3::timestamptz WHERE partner_gln = $1 AND ack_seq <= $2 AND acked_at IS NULL`,
    [partner, seq, new Date(nowMs).toISOString()],
  );
}

/** The outbox of a partner: the first that were neither delivered nor acknowledged, in order. */
export async function readDueAcks(session: Session, partner: string, limit: number): Promise<DueAcks> {
  const rows = await session.query(
    `SELECT ${COLUMNS}, (p.next_ack_seq - a.ack_seq)::text AS pending FROM firn.ack a JOIN firn.partner p ON p.gln = a.partner_gln
     WHERE a.partner_gln = $1 AND a.delivered_at IS NULL AND a.acked_at IS NULL ORDER BY a.ack_seq LIMIT $2`,
    [partner, limit],
  );
  return { acks: rows.map(ackOf), pending: Number(rows[0]?.['pending'] ?? 0) };
}

/** A partner's server has taken the acknowledgement. */
export async function noteDelivery(
  session: Session,
  partner: string,
  seq: string,
  nowMs: number,
): Promise<void> {
  await session.query(
    `UPDATE firn.ack SET delivered_at = $3::timestamptz WHERE partner_gln = $1 AND ack_seq = $2 AND delivered_at IS NULL`,
    [partner, seq, new Date(nowMs).toISOString()],
  );
}
