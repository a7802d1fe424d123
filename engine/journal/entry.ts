// What a worker writes and the journal keeps: entries, one after the other, each padded to 8 bytes, little-endian.
// A record's payload in the journal is a whole number of entries.
//
// common      0 u32 bytes of the entry with header and padding   4 u8 kind   5 u8 flags
// frame       8 u32 source  12 u32 stream  16 f64 frame  24 f64 receivedMs            (32 bytes; flag 1 = goes on from
//             the chunk before). Every record entry belongs to the newest frame entry before it.
// accepted    6 u8 length of the timestamp  8 u32 stream  12 u32 nanoseconds  16 f64 Unix seconds  24 u32 line bytes
//             with LF  28 u24 offset of the timestamp's characters in the line  31 leaf (32 bytes)  63 0x00  64 line
//             (flag 1 = excursion). The 0x00 makes entry[63 .. 64 + line - 1) the hashed bytes of RFC 6962.
// refused     8 u32 stream  12 u32 record  16 u32 offset of the fault in raw  20 u16 code  22 u16 field
//             24 u32 raw bytes  32 raw (of schema.unknown: schema/unknown.ts, the frame's own bytes begin at the fault)
// control     8 u32 bytes of JSON  16 JSON (UTF-8)       kinds source, audit, duplicate, forget, key, and of
//             captures (capture-entry.ts) capture, verdict, captured

export const ENTRY_KIND = {
  frame: 1,
  accepted: 2,
  refused: 3,
  source: 4,
  audit: 5,
  duplicate: 6,
  forget: 7,
  key: 8,
  capture: 9,
  verdict: 10,
  captured: 11,
} as const;

export const ENTRY = { bytes: 0, kind: 4, flags: 5 } as const;

export const FRAME_ENTRY = { source: 8, stream: 12, frame: 16, receivedMs: 24, bytes: 32 } as const;

export const ACCEPTED = {
  timestampLength: 6,
  stream: 8,
  nanos: 12,
  seconds: 16,
  lineBytes: 24,
  timestampOffset: 28,
  leaf: 31,
  prefix: 63,
  line: 64,
} as const;

export const REFUSED = {
  stream: 8,
  record: 12,
  offset: 16,
  code: 20,
  field: 22,
  rawBytes: 24,
  raw: 32,
} as const;

export const CONTROL_ENTRY = { jsonBytes: 8, json: 16 } as const;

export const ENTRY_FLAG = { continued: 1, excursion: 1 } as const;

/** Bytes of an entry whose header is `header` and whose body is `body` bytes long. */
export function entryBytes(header: number, body: number): number {
  return (header + body + 7) & ~7;
}

/** Where frames come from: written once, before the first frame that names `no`. `session` is null for HTTP and ingest(). */
export interface SourceEntry {
  readonly no: number;
  readonly principal: string;
  readonly stream: string;
  readonly session: string | null;
  /** True when the server chose the session's id: forgotten 10 min after its connection ends. */
  readonly named: boolean;
}

/** An Idempotency-Key; it belongs to the next data frame in the same slab. `hash` = SHA-256 of the body, hex. */
export interface KeyEntry {
  readonly principal: string;
  readonly stream: string;
  readonly key: string;
  readonly hash: string;
  /** True when the body was `application/json`: a refusal of the whole frame for syntax or UTF-8 is a 400. */
  readonly json: boolean;
}

/** A retried request that was answered from the table: `records` more received, all duplicates. */
export interface DuplicateEntry {
  readonly records: number;
}

/** A session (by source number), a key or a capture (by id) that is past its retention. */
export type ForgetEntry =
  | { readonly source: number }
  | { readonly capture: string }
  | { readonly principal: string; readonly stream: string; readonly key: string };

/** One audit event: the line of FORMAT.md §6, which seal renders as JCS. */
export interface AuditEntry {
  readonly action: string;
  readonly actor: string;
  readonly at_utc: string;
  readonly authorised_by: string | null;
  readonly new: unknown;
  readonly old: unknown;
  readonly reason: string | null;
  readonly target: string;
}
