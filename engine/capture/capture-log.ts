// What the stage writes to the journal, and what follows when it is durable: the rows of the table move forward, the
// accounts count. The same functions as in the fold, so that this table and the next start's are the same.

import type { CaptureEntry, RefusedVerdict, VerdictEntry } from '../journal/capture-entry.ts';
import { refusedVerdict } from '../journal/capture-entry.ts';
import type { CaptureRow, Counted } from '../journal/rows.ts';
import { MIB } from '../limits.ts';
import type { EntryWriter } from './entry-writer.ts';
import type { JobTable } from './job-table.ts';

/** A document that is refused whole goes to the dead letter in pieces of this size. */
export const PIECE_BYTES = 8 * MIB;

export interface CaptureLogOptions {
  readonly writer: EntryWriter;
  readonly table: JobTable;
  readonly runningMs: () => number;
  readonly wallMs: () => number;
  /** End of what is durable in the journal. */
  readonly position: () => number;
  readonly count: (counted: Counted) => void;
}

export class CaptureLog {
  readonly #options: CaptureLogOptions;

  constructor(options: CaptureLogOptions) {
    this.#options = options;
  }

  /** Each of these resolves when its entry is durable. */
  async began(entry: CaptureEntry): Promise<CaptureRow> {
    const { writer, table, runningMs } = this.#options;
    await writer.capture(entry);
    return table.began(entry, runningMs());
  }

  async judged(verdict: VerdictEntry): Promise<void> {
    const { writer, table, count } = this.#options;
    await writer.verdict(verdict);
    count(table.captures.judged(verdict));
  }

  /** Every event before `upTo` is judged; with `success` told, the capture is over. */
  async captured(id: string, upTo: number, success: boolean | null): Promise<void> {
    const { writer, table, runningMs, wallMs, position, count } = this.#options;
    const end = success === null ? null : { success, finishedMs: wallMs() };
    await writer.captured({ capture: id, upTo, end });
    count(table.captures.captured({ capture: id, upTo, end }, position(), runningMs()));
  }

  async forget(ids: readonly string[]): Promise<void> {
    const { writer, table } = this.#options;
    await Promise.all(ids.map((capture) => writer.forget({ capture })));
    table.forget(ids);
  }

  /** Puts the whole document into the dead letter and ends its capture; goes on where a crash has cut it off. */
  async refuseWhole(row: CaptureRow, code: string, detail: string, path: string | null): Promise<void> {
    // Pieces are the only refusals of a document that never was a job; of a job, refused events come before them.
    const first = row.refused === null ? 0 : row.rejected;
    const pieces: Promise<void>[] = [];
    for (let piece = first; piece * PIECE_BYTES < row.bytes; piece++) {
      pieces.push(this.judged(pieceOf(row, piece, { code, detail, path })));
    }
    const end = this.captured(row.id, row.next, false);
    await Promise.all([...pieces, end]);
  }
}

function pieceOf(
  row: CaptureRow,
  piece: number,
  why: Pick<RefusedVerdict, 'code' | 'detail' | 'path'>,
): RefusedVerdict {
  const offset = piece * PIECE_BYTES;
  return refusedVerdict({
    capture: row.id,
    file: `${row.id}.raw`,
    offset,
    bytes: Math.min(PIECE_BYTES, row.bytes - offset),
    event: null,
    piece,
    ...why,
  });
}
