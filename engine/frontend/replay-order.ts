// What a replay asks for: the lines of `POST /v1/streams/{stream}/replay`, checked, and the frame that each refused record
// becomes. The first line says which dead-letter object, who and why; each other line is one record of that object.

import { utc } from '../clock.ts';
import type { LetterObject } from '../reference.ts';
import { letterObject } from '../reference.ts';
import { FRAME_MODE } from '../ring/frame.ts';
import { unknownSchemaStream } from '../schema/unknown.ts';

/** Records in one request. */
export const MAX_REPLAY_RECORDS = 64;
const MAX_ACTOR = 100;
const MAX_REASON = 500;
const MAX_AGAIN = 1_000_000;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** Codes of frames that were refused before they were split. */
const WHOLE_FRAME: readonly string[] = ['frame.records', 'codec.crash', 'schema.unknown'];
const LF = 0x0a;
const LEFT_BRACKET = 0x5b;
const RIGHT_BRACKET = 0x5d;

export interface ReplayRecord {
  /** Its line in the object, from 1. */
  readonly line: number;
  /** Why it was refused. */
  readonly code: string;
  readonly raw: Buffer;
  /** When its first frame came in, Unix ms. */
  readonly receivedMs: number;
  readonly receivedUtc: string;
}

export interface ReplayOrder {
  readonly object: LetterObject;
  readonly actor: string;
  readonly reason: string;
  /** How often these records were replayed before: 0, or more where somebody insists. */
  readonly again: number;
  readonly records: readonly ReplayRecord[];
}

/** Reads a body. A text says what is wrong with it. `nowMs` = the present: nothing was received after it. */
export function readOrder(body: Uint8Array, stream: string, nowMs: number): ReplayOrder | string {
  const lines = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  if (lines.length < 2) return 'Send a first line with object, actor and reason, and a line for each record.';
  if (lines.length - 1 > MAX_REPLAY_RECORDS)
    return `A request replays at most ${MAX_REPLAY_RECORDS} records: send several.`;
  const head = objectOf(lines[0]);
  const object = letterObject(String(head?.['object']));
  const isOwn = object !== null && [stream, unknownSchemaStream(stream)].includes(object.stream);
  if (head === null || object === null || !isOwn)
    return `"object" of the first line is the key of an object below dead-letter/${stream}/.`;
  const { actor, reason, again = 0 } = head;
  if (!isText(actor, MAX_ACTOR)) return sentence('actor', MAX_ACTOR);
  if (!isText(reason, MAX_REASON)) return sentence('reason', MAX_REASON);
  if (!isCount(again, 0, MAX_AGAIN)) return '"again" is how often the records were replayed before.';
  const records: ReplayRecord[] = [];
  for (const [i, line] of lines.slice(1).entries()) {
    const record = recordOf(objectOf(line), object.day, nowMs);
    if (typeof record === 'string') return `Line ${i + 2} of the body: ${record}`;
    if (records.some((other) => other.line === record.line))
      return `Line ${i + 2} of the body: record ${record.line} is there twice.`;
    records.push(record);
  }
  return { object, actor, reason, again, records };
}

/** Who and why, from the body of a request that has nothing else. A text says what is wrong with it. */
export function readWhy(body: Uint8Array): { readonly actor: string; readonly reason: string } | string {
  const head = objectOf(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  const { actor, reason } = head ?? {};
  if (!isText(actor, MAX_ACTOR)) return sentence('actor', MAX_ACTOR);
  return isText(reason, MAX_REASON) ? { actor, reason } : sentence('reason', MAX_REASON);
}

function sentence(member: string, most: number): string {
  return `"${member}" is 1 to ${most} characters without control characters.`;
}

function objectOf(line: string | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line ?? '');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function isText(value: unknown, most: number): value is string {
  if (typeof value !== 'string' || value.trim() === '' || value.length > most) return false;
  return value.isWellFormed() && !/\p{Cc}/u.test(value);
}

function isCount(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function recordOf(value: Record<string, unknown> | null, day: string, nowMs: number): ReplayRecord | string {
  const { line, code, raw_b64: encoded, received_utc: receivedUtc } = value ?? {};
  if (!isCount(line, 1, 1e9)) return '"line" is the number of the record in its object, from 1.';
  if (typeof code !== 'string') return '"code" is why the record was refused.';
  const raw = Buffer.from(typeof encoded === 'string' ? encoded : '', 'base64');
  if (typeof encoded !== 'string' || raw.toString('base64') !== encoded)
    return '"raw_b64" is the exact bytes of the record in base64.';
  const receivedMs =
    typeof receivedUtc === 'string' && TIME.test(receivedUtc) ? Date.parse(receivedUtc) : NaN;
  // A dead letter lies on the day on which it was received, so no other day can be claimed for it.
  // The round trip keeps out what is no moment (30 February) and what no clock of firn's has told (before 1970): workers
  // stop at such a time.
  const isMoment = receivedMs >= 0 && receivedMs <= nowMs && utc(receivedMs) === receivedUtc;
  if (typeof receivedUtc !== 'string' || !isMoment || !receivedUtc.startsWith(day))
    return `"received_utc" is a time on ${day}, the day of the object, with milliseconds and Z.`;
  return { line, code, raw, receivedMs, receivedUtc };
}

/**
 * The frame in which a refused record comes back as what it was: one record where it was one, a whole frame where it could
 * not be split. No byte of the record changes; an array inside an array gets its outer brackets back.
 */
export function frameOf(code: string, raw: Buffer): { readonly mode: number; readonly bytes: Uint8Array } {
  const bracket = raw[0] === LEFT_BRACKET;
  const whole = WHOLE_FRAME.includes(code) || code === 'json.syntax' || code === 'json.utf8';
  if (whole && bracket) return { mode: FRAME_MODE.json, bytes: raw };
  if (code === 'frame.records') return { mode: FRAME_MODE.lines, bytes: raw };
  // A frame that nobody has looked into: lines are lines again, one record on several lines stays one.
  if (WHOLE_FRAME.includes(code))
    return { mode: isJson(raw) ? FRAME_MODE.json : FRAME_MODE.lines, bytes: raw };
  if (!raw.includes(LF)) return { mode: FRAME_MODE.lines, bytes: raw };
  if (!bracket) return { mode: FRAME_MODE.json, bytes: raw };
  const bytes = Buffer.concat([Buffer.of(LEFT_BRACKET), raw, Buffer.of(RIGHT_BRACKET)]);
  return { mode: FRAME_MODE.json, bytes };
}

function isJson(raw: Buffer): boolean {
  try {
    JSON.parse(raw.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
