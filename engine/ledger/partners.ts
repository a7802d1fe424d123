// The row of a partner: its numbers, which have no gaps, and the end of its chain of batches. Whoever gives out a number has
// the row locked until its transaction is over, so the transactions of one partner come one after another.

import { createHash } from 'node:crypto';
import type { Session } from './database.ts';

export interface PartnerEntry {
  /** GLN-13, `''` = nobody said. */
  readonly gln: string;
  readonly name: string;
  /** Where acknowledgements are posted to, null = the partner asks for them. */
  readonly ackUrl: string | null;
}

/** Makes the row of a partner when it is not there. */
export async function ensurePartner(session: Session, gln: string): Promise<void> {
  await session.query('INSERT INTO firn.partner (gln) VALUES ($1) ON CONFLICT (gln) DO NOTHING', [gln]);
}

/** Takes over name and webhook from the configuration. */
export async function upsertPartners(session: Session, partners: readonly PartnerEntry[]): Promise<void> {
  for (const { gln, name, ackUrl } of [...partners].sort((a, b) => (a.gln < b.gln ? -1 : 1))) {
    await session.query(
      `INSERT INTO firn.partner (gln, name, ack_url) VALUES ($1, $2, $3)
       ON CONFLICT (gln) DO UPDATE SET name = excluded.name, ack_url = excluded.ack_url`,
      [gln, name, ackUrl],
    );
  }
}

/** Locks the row. @returns the next number of an event */
export async function lockPartner(session: Session, gln: string): Promise<number> {
  const rows = await session.query(
    'SELECT next_event_seq::text AS seq FROM firn.partner WHERE gln = $1 FOR UPDATE',
    [gln],
  );
  return Number(rows[0]?.['seq'] ?? 1);
}

/**
 * Moves every partner's numbers on, for a ledger that was made again: numbers behind the last accepted event, and those of
 * acknowledgements, were given out and are not in the lake. One gap is left, and none is given twice: no partner has more
 * than a million events refused in a row, nor more acknowledgements than two for each event.
 */
export async function skipNumbers(session: Session): Promise<void> {
  await session.query(
    'UPDATE firn.partner SET next_event_seq = (next_event_seq / 1000000 + 2) * 1000000 + 1',
  );
  await session.query('UPDATE firn.partner SET next_ack_seq = 2 * next_event_seq');
}

export interface BatchSpan {
  readonly capture: string;
  readonly partner: string;
  readonly firstSeq: number;
  /** Number behind the last. */
  readonly nextSeq: number;
  /** Hashes of the accepted events, hex, in order. */
  readonly hashes: readonly string[];
  readonly recordMs: number;
}

const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/**
 * Closes a transaction's run of numbers with a link of the partner's chain: a second writer that has not seen the last link
 * cannot store its own. Id = SHA-256 of `firn.ledger-batch/1`, LF, the id before, root, and `first next partner`.
 */
export async function closeBatch(session: Session, span: BatchSpan): Promise<void> {
  const rows = await session.query(
    `SELECT next_batch_seq::text AS seq, encode(last_batch_id, 'hex') AS prev FROM firn.partner WHERE gln = $1`,
    [span.partner],
  );
  const seq = Number(rows[0]?.['seq'] ?? 1);
  const prev = Buffer.from(rows[0]?.['prev'] as string, 'hex');
  const root = sha256('firn.ledger-events/1\n', Buffer.from(span.hashes.join(''), 'hex'));
  const id = sha256('firn.ledger-batch/1\n', prev, root, `${span.firstSeq} ${span.nextSeq} ${span.partner}`);
  await session.query(
    `INSERT INTO firn.batch (partner_gln, batch_seq, batch_id, prev_batch_id, event_root, capture_id, first_seq, last_seq, accepted,
       committed_at)
     VALUES ($1, $2, decode($3, 'hex'), decode($4, 'hex'), decode($5, 'hex'), $6::uuid, $7, $8, $9, $10::timestamptz)`,
    [
      span.partner,
      seq,
      id.toString('hex'),
      prev.toString('hex'),
      root.toString('hex'),
      span.capture,
      span.firstSeq,
      span.nextSeq - 1,
      span.hashes.length,
      new Date(span.recordMs).toISOString(),
    ],
  );
  await session.query(
    `UPDATE firn.partner SET next_event_seq = $2, next_batch_seq = $3, last_batch_id = decode($4, 'hex') WHERE gln = $1`,
    [span.partner, span.nextSeq, seq + 1, id.toString('hex')],
  );
}
