// The captures of the journal: which there are, how far each has come, and what came of it. Part of the fold, and as pure
// as the rest of it. A capture that is not over has every event before `next` in the journal, and nothing behind it.

import { FatalError } from '../errors.ts';
import { bodyKey, type CapturedEntry, type CaptureEntry, type VerdictEntry } from './capture-entry.ts';
import type { CaptureRow, Counted } from './rows.ts';

export class Captures {
  /** By id, in the order in which they came. */
  readonly byId: Map<string, CaptureRow> = new Map<string, CaptureRow>();
  /** Those that are jobs, by `bodyKey`; of equal bodies the newest. A refused document is no job: sent again it is judged again. */
  readonly byBody: Map<string, CaptureRow> = new Map<string, CaptureRow>();

  add(row: CaptureRow): void {
    this.byId.set(row.id, row);
    if (row.refused === null) this.byBody.set(bodyKey(row), row);
  }

  /** A body is durable. @param runningMs of the journal record */
  began(entry: CaptureEntry, runningMs: number): void {
    if (this.byId.has(entry.id)) throw new FatalError(`the journal has the capture ${entry.id} twice`);
    const counts = { next: 0, accepted: 0, duplicate: 0, rejected: 0 };
    this.add({ ...entry, ...counts, end: null, lastUsedMs: runningMs });
  }

  /** An event, or a piece of a refused document, has become a line. @returns what there is more of */
  judged(entry: VerdictEntry): Counted {
    const row = this.#open(entry.capture);
    const { event } = entry;
    const duplicate = event === null ? 0 : event - row.next;
    if (duplicate < 0) throw new FatalError(`the journal judges event ${event} of ${row.id} twice`);
    if (event !== null) row.next = event + 1;
    return count(row, entry.kind === 'accepted' ? 1 : 0, duplicate, entry.kind === 'refused' ? 1 : 0);
  }

  /** @param position end of the journal record, `runningMs` its time */
  captured({ capture, upTo, end }: CapturedEntry, position: number, runningMs: number): Counted {
    const row = this.#open(capture);
    const duplicate = upTo - row.next;
    if (duplicate < 0) throw new FatalError(`the journal takes the capture ${row.id} back to event ${upTo}`);
    row.next = upTo;
    row.lastUsedMs = runningMs;
    if (end !== null) {
      row.end = { success: end.success, finishedMs: end.finishedMs, position };
      // What a job needs to go on; kept for every capture of a week it would be most of the table.
      row.head = null;
    }
    return count(row, 0, duplicate, 0);
  }

  forget(id: string): void {
    const row = this.byId.get(id);
    if (row === undefined) return;
    this.byId.delete(id);
    const key = bodyKey(row);
    if (this.byBody.get(key) === row) this.byBody.delete(key);
  }

  /** The capture of a verdict. @throws FatalError when there is none of this id, or it is over */
  #open(id: string): CaptureRow {
    const row = this.byId.get(id);
    if (row === undefined)
      throw new FatalError(`the journal has a verdict of the capture ${id}, which is none`);
    if (row.end !== null) throw new FatalError(`the journal goes on with the capture ${id} after its end`);
    return row;
  }
}

function count(row: CaptureRow, accepted: number, duplicate: number, rejected: number): Counted {
  row.accepted += accepted;
  row.duplicate += duplicate;
  row.rejected += rejected;
  return { accepted, duplicate, rejected };
}
