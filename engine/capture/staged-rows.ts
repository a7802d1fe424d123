// What is to be journaled of a job with behaviour rollback, kept in a file until the whole document was judged: a line of
// numbers for each event, `<id>.<attempt>.verdicts`. It is read once, in this attempt, so that nothing needs to be synced.

import { closeSync, createReadStream, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Span } from '../epcis/model.ts';
import { KIB } from '../limits.ts';
import type { PlacedLine } from './lines-file.ts';

/** An event and, where it may be accepted, its line and its time (Unix ms): a duplicate has none. */
export interface StagedRow {
  readonly index: number;
  readonly span: Span;
  readonly line: (PlacedLine & { readonly ms: number }) | null;
}

const WRITE_CHARACTERS = 256 * KIB;

export class StagedRows {
  readonly #path: string;
  #fd: number | null = null;
  #pending = '';

  constructor(folder: string, name: string) {
    this.#path = join(folder, name);
  }

  add({ index, span, line }: StagedRow): void {
    const placed = line === null ? [] : [line.offset, line.bytes, line.ms, line.leaf];
    this.#pending += `${JSON.stringify([index, span.offset, span.length, ...placed])}\n`;
    if (this.#pending.length >= WRITE_CHARACTERS) this.#write();
  }

  async *rows(): AsyncGenerator<StagedRow> {
    this.#write();
    if (this.#fd === null) return;
    for await (const text of createInterface({ input: createReadStream(this.#path), crlfDelay: Infinity })) {
      const [index, offset, length, lineOffset, bytes, ms, leaf] = JSON.parse(text) as number[];
      const line = lineOffset === undefined ? null : { offset: lineOffset, bytes, ms, leaf: String(leaf) };
      yield { index, span: { offset, length }, line } as StagedRow;
    }
  }

  remove(): void {
    if (this.#fd === null) return;
    closeSync(this.#fd);
    unlinkSync(this.#path);
    this.#fd = null;
  }

  #write(): void {
    if (this.#pending === '') return;
    this.#fd ??= openSync(this.#path, 'wx', 0o600);
    writeSync(this.#fd, this.#pending);
    this.#pending = '';
  }
}
