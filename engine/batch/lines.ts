// Lines that firn writes itself: dead letter and audit (FORMAT.md §6). Every member is always there, null where there is
// nothing to say; JCS, without the LF.

import { canonicalise } from '../../workers/canonicalise.ts';
import type { Code } from '../codes.ts';
import type { AuditEntry } from '../journal/entry.ts';

/** Where a refused record came from. `frame` and `record` count from 0; null where they mean nothing. */
export interface DeadLetterSource {
  readonly frame: number | null;
  readonly principal: string | null;
  readonly record: number | null;
  readonly session: string | null;
}

/** One refused record. `raw` = its exact bytes, or the whole frame where it could not be split. */
export interface DeadLetter {
  readonly code: Code;
  readonly detail: string;
  /** JSON Pointer to the member at fault. */
  readonly path: string | null;
  readonly raw: Uint8Array;
  readonly received_utc: string;
  readonly rejected_utc: string;
  /** `telemetry/1`: what the record was judged by. */
  readonly schema: string | null;
  readonly source: DeadLetterSource;
}

/** The line of a refused record; `raw` as standard base64 with padding. */
export function deadLetterLine(letter: DeadLetter): string {
  const { code, detail, path, raw, received_utc, rejected_utc, schema, source } = letter;
  const { frame, principal, record, session } = source;
  return canonicalise({
    code,
    detail,
    path,
    raw_b64: Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64'),
    received_utc,
    rejected_utc,
    schema,
    source: { frame, principal, record, session },
  });
}

/** The line of an audit event. */
export function auditLine(entry: AuditEntry): string {
  const { action, actor, at_utc, authorised_by, reason, target } = entry;
  return canonicalise({
    action,
    actor,
    at_utc,
    authorised_by,
    new: entry.new,
    old: entry.old,
    reason,
    target,
  });
}
