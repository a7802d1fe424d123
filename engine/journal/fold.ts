// The state of the engine is a fold over the journal: which sessions there are and what each sends next, which
// Idempotency-Keys were answered how, how far each capture has come, how many records were received. Pure: the same groups give the same tables, in
// recovery (main thread) as at the seal, which writes them as the snapshot. Two laws hold after every group:
// received = accepted + rejected + duplicate, and no number of `acct` ever falls.

import { codeName, codeNumber } from '../codes.ts';
import { FatalError } from '../errors.ts';
import { MAX_REJECTS_TOLD } from '../limits.ts';
import { httpReply, type IngestResult } from '../reply.ts';
import { describe } from '../schema/describe.ts';
import type { Table } from '../schema/table.ts';
import type { CapturedEntry, CaptureEntry, VerdictEntry } from './capture-entry.ts';
import { Captures } from './captures.ts';
import {
  type DuplicateEntry,
  ENTRY_KIND,
  type ForgetEntry,
  type KeyEntry,
  REFUSED,
  type SourceEntry,
} from './entry.ts';
import { dumpFold, loadFold } from './fold-lines.ts';
import type { JournalRecord } from './record.ts';
import type { Acct, Counted, FoldState, KeyRow, SessionRow } from './rows.ts';
import { controlJson, type EntryVisitor, type WalkFrame, walkGroup } from './walk.ts';

export type { Acct, CaptureRow, KeyRow, SessionRow } from './rows.ts';

/** Name of a key in `Fold.keys`: no two keys share one, whatever characters they hold. */
export function keyOf(principal: string, stream: string, key: string): string {
  return `${principal.length}:${principal}${stream.length}:${stream}${key}`;
}

const SYNTAX = codeNumber('json.syntax');
const UTF8 = codeNumber('json.utf8');

/** A key whose data frame is under way in the group. */
interface PendingKey {
  readonly entry: KeyEntry;
  readonly createdMs: number;
  /** False until its frame begins. */
  begun: boolean;
  /** Code of the first refused record, 0 = none. */
  refusal: number;
  readonly result: IngestResult;
}

export class Fold implements FoldState {
  readonly #tableOf: (stream: number) => Table;
  readonly sources: Map<number, SessionRow> = new Map<number, SessionRow>();
  readonly sessions: Map<number, SessionRow> = new Map<number, SessionRow>();
  readonly keys: Map<string, KeyRow> = new Map<string, KeyRow>();
  readonly captures: Captures = new Captures();
  readonly acct: Acct = { accepted: 0, duplicate: 0, received: 0, rejected: 0 };
  nextSource = 1;
  wallMs = 0;
  runningMs = 0;
  position = 0;
  #pending: PendingKey | null = null;

  /** `tableOf` = the schema of a stream number, for the sentences that describe refusals. */
  constructor(tableOf: (stream: number) => Table) {
    this.#tableOf = tableOf;
  }

  /** The fold that `dump` wrote. FatalError when lines are missing or are not such lines. */
  static load(lines: Iterable<string>, tableOf: (stream: number) => Table): Fold {
    const fold = new Fold(tableOf);
    loadFold(fold, lines);
    return fold;
  }

  /** The whole state as JSON lines (without LF), one row at a time: the tables may be large. */
  dump(): Generator<string> {
    return dumpFold(this);
  }

  /** Applies one whole group. */
  apply(group: readonly JournalRecord[]): void {
    walkGroup(group, this.visitor);
  }

  addSource(row: SessionRow): void {
    this.sources.set(row.no, row);
    if (row.session !== null) this.sessions.set(row.no, row);
    this.nextSource = Math.max(this.nextSource, row.no + 1);
  }

  addKey(row: KeyRow): void {
    this.keys.set(keyOf(row.principal, row.stream, row.key), row);
  }

  /** For `walkGroup`, where another visitor looks at the same group. After `end` the group is applied. */
  readonly visitor: EntryVisitor = {
    frame: (frame, continued, record) => this.#frame(frame, continued, record),
    accepted: () => {
      this.acct.accepted++;
      this.acct.received++;
      if (this.#pending?.begun === true) this.#pending.result.accepted++;
    },
    refused: (view, bytes, offset) => this.#refused(view, bytes, offset),
    control: (kind, view, bytes, offset, _position, record) => {
      if (kind === ENTRY_KIND.audit) return;
      this.#control(kind, controlJson(view, bytes, offset), record);
    },
    end: (last) => {
      this.#answerKey();
      this.wallMs = Math.max(this.wallMs, last.wallMs);
      this.runningMs = Math.max(this.runningMs, last.runningMs);
      this.position = last.end;
    },
  };

  #frame(frame: WalkFrame, continued: boolean, record: JournalRecord): void {
    if (continued) return;
    const row = this.sources.get(frame.source);
    if (row === undefined)
      throw new FatalError(`the journal has a frame of source ${frame.source}, which nobody is`);
    row.lastUsedMs = record.runningMs;
    if (row.session !== null) row.next = frame.frame + 1;
    if (this.#pending?.begun === true) this.#answerKey();
    else if (this.#pending !== null) this.#pending.begun = true;
  }

  #refused(view: DataView, bytes: Uint8Array, offset: number): void {
    this.acct.rejected++;
    this.acct.received++;
    const pending = this.#pending;
    if (pending?.begun !== true) return;
    const code = view.getUint16(offset + REFUSED.code, true);
    if (pending.result.rejected++ === 0) pending.refusal = code;
    if (pending.result.errors.length >= MAX_REJECTS_TOLD) {
      pending.result.more++;
      return;
    }
    const start = offset + REFUSED.raw;
    const raw = bytes.subarray(start, start + view.getUint32(offset + REFUSED.rawBytes, true));
    const field = view.getUint16(offset + REFUSED.field, true);
    const table = this.#tableOf(view.getUint32(offset + REFUSED.stream, true));
    const { detail } = describe(code, field, table, raw, view.getUint32(offset + REFUSED.offset, true));
    pending.result.errors.push({
      record: view.getUint32(offset + REFUSED.record, true),
      code: codeName(code),
      detail,
    });
  }

  #control(kind: number, value: unknown, record: JournalRecord): void {
    if (kind === ENTRY_KIND.source) {
      const { no, principal, stream, session, named } = value as SourceEntry;
      this.addSource({ no, principal, stream, session, named, next: 0, lastUsedMs: record.runningMs });
    } else if (kind === ENTRY_KIND.duplicate) {
      const { records } = value as DuplicateEntry;
      this.acct.duplicate += records;
      this.acct.received += records;
    } else if (kind === ENTRY_KIND.forget) {
      const entry = value as ForgetEntry;
      if ('source' in entry) {
        this.sources.delete(entry.source);
        this.sessions.delete(entry.source);
      } else if ('capture' in entry) {
        this.captures.forget(entry.capture);
      } else {
        this.keys.delete(keyOf(entry.principal, entry.stream, entry.key));
      }
    } else if (kind === ENTRY_KIND.key) {
      this.#answerKey();
      const result: IngestResult = { accepted: 0, rejected: 0, errors: [], more: 0 };
      this.#pending = {
        entry: value as KeyEntry,
        createdMs: record.runningMs,
        begun: false,
        refusal: 0,
        result,
      };
    } else if (kind === ENTRY_KIND.capture) {
      this.captures.began(value as CaptureEntry, record.runningMs);
    } else if (kind === ENTRY_KIND.verdict) {
      this.#count(this.captures.judged(value as VerdictEntry));
    } else {
      this.#count(this.captures.captured(value as CapturedEntry, record.end, record.runningMs));
    }
  }

  #count({ accepted, duplicate, rejected }: Counted): void {
    this.acct.accepted += accepted;
    this.acct.duplicate += duplicate;
    this.acct.rejected += rejected;
    this.acct.received += accepted + duplicate + rejected;
  }

  /** The frame of the pending key is at its end: its reply goes into the table. A key without a frame answers nothing. */
  #answerKey(): void {
    const pending = this.#pending;
    this.#pending = null;
    if (pending === null || !pending.begun) return;
    const { entry, result, createdMs } = pending;
    // Of a JSON body these two codes are only ever told for the whole of it: one record, refused (DESIGN: frames).
    const whole = pending.refusal === SYNTAX || pending.refusal === UTF8;
    const { status, body } = httpReply(result, whole ? pending.refusal : 0, entry.json);
    const { principal, stream, key, hash } = entry;
    const records = result.accepted + result.rejected;
    this.addKey({ principal, stream, key, hash, status, body, records, createdMs });
  }
}
