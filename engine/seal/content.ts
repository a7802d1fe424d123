// The lines of a batch, in file order, from the journal. Lines of accepted records and their leaves are copied as the codec
// made them; lines of dead letters and audit events are rendered here, from what the journal holds and nothing else,
// so that building a batch again gives the same bytes.

import { auditLine, deadLetterLine } from '../batch/lines.ts';
import { HASH_BYTES, leafHash } from '../batch/merkle.ts';
import { utc } from '../clock.ts';
import { codeName, codeNumber } from '../codes.ts';
import { FatalError } from '../errors.ts';
import { type AuditEntry, CONTROL_ENTRY, ENTRY, ENTRY_KIND, FRAME_ENTRY, REFUSED } from '../journal/entry.ts';
import { describe } from '../schema/describe.ts';
import type { Table } from '../schema/table.ts';
import { namesInHead } from '../schema/unknown.ts';
import { entryLength, gatherRecords } from './gather.ts';
import { LineBuffer } from './line-buffer.ts';
import type { RunReader } from './run-reader.ts';
import type { Runs } from './runs.ts';

const UNKNOWN_SCHEMA = codeNumber('schema.unknown');

/** Content of one object. The arrays are views on buffers that the next batch uses again. */
export interface Content {
  readonly ndjson: Uint8Array;
  /** 32 bytes a line. */
  readonly leaves: Uint8Array;
  readonly excursions: number;
  /** Characters of the earliest and the latest time, the first in the file among equals. */
  readonly tsMin: string;
  readonly tsMax: string;
}

/** Who sent a frame: the fold's row of its source number. */
export interface SourceRow {
  readonly principal: string;
  readonly session: string | null;
}

/** What dead-letter lines need beside the journal. */
export interface LetterNames {
  /** Name of the schema that a stream's records were judged by, and its table. */
  schema(stream: number): { readonly schema: string; readonly table: Table };
  source(no: number): SourceRow | undefined;
}

/** Earliest and latest of times given one by one, the first among equals. */
export class TimeSpan {
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #minText = '';
  #maxText = '';

  add(ms: number, text: string): void {
    if (ms < this.#min) {
      this.#min = ms;
      this.#minText = text;
    }
    if (ms > this.#max) {
      this.#max = ms;
      this.#maxText = text;
    }
  }

  get texts(): { tsMin: string; tsMax: string } {
    return { tsMin: this.#minText, tsMax: this.#maxText };
  }
}

/** Renders batches, one at a time: its buffers grow to the largest and stay. */
export class ContentReader {
  readonly #reader: RunReader;
  readonly #names: LetterNames;
  readonly #lines = new LineBuffer();
  readonly #leaves = new LineBuffer();

  constructor(reader: RunReader, names: LetterNames) {
    this.#reader = reader;
    this.#names = names;
  }

  /** Accepted records. */
  records(runs: Runs): Content {
    this.#reset();
    const { excursions, ...times } = gatherRecords(this.#reader, runs, this.#lines, this.#leaves);
    return { ...this.#content(excursions), ...times };
  }

  /** Refused records: each with the frame that it came in. */
  deadLetters(runs: Runs): Content {
    this.#reset();
    const span = new TimeSpan();
    for (let run = 0; run < runs.length; run++) {
      let at = this.#reader.seek(runs, run);
      const { view } = this.#reader;
      const rejectedUtc = utc(runs.wallMs(run));
      let frame = -1;
      // The frame entry lies first; refused records between it and the run's first entry belong to other batches.
      const first = at + runs.position(run) - runs.frame(run);
      for (let left = runs.count(run); left > 0; at += entryLength(view, at)) {
        const kind = view.getUint8(at + ENTRY.kind);
        if (kind === ENTRY_KIND.frame) frame = at;
        if (kind !== ENTRY_KIND.refused || at < first) continue;
        if (frame < 0) throw new FatalError('journal: a dead letter without its frame');
        left -= 1;
        const receivedMs = view.getFloat64(frame + FRAME_ENTRY.receivedMs, true);
        const receivedUtc = utc(receivedMs);
        span.add(receivedMs, receivedUtc);
        this.#add(this.#letter(at, frame, receivedUtc, rejectedUtc));
      }
    }
    return { ...this.#content(0), ...span.texts };
  }

  /** Audit events. */
  audit(runs: Runs): Content {
    this.#reset();
    const span = new TimeSpan();
    for (let run = 0; run < runs.length; run++) {
      let at = this.#reader.seek(runs, run);
      const { bytes, view } = this.#reader;
      for (let left = runs.count(run); left > 0; at += entryLength(view, at)) {
        if (view.getUint8(at + ENTRY.kind) !== ENTRY_KIND.audit) continue;
        left -= 1;
        const start = at + CONTROL_ENTRY.json;
        const json = bytes.toString(
          'utf8',
          start,
          start + view.getUint32(at + CONTROL_ENTRY.jsonBytes, true),
        );
        const event = JSON.parse(json) as AuditEntry;
        span.add(Date.parse(event.at_utc), event.at_utc);
        this.#add(auditLine(event));
      }
    }
    return { ...this.#content(0), ...span.texts };
  }

  #letter(at: number, frame: number, receivedUtc: string, rejectedUtc: string): string {
    const { bytes, view } = this.#reader;
    const { schema, table } = this.#names.schema(view.getUint32(at + REFUSED.stream, true));
    const source = this.#names.source(view.getUint32(frame + FRAME_ENTRY.source, true));
    const code = view.getUint16(at + REFUSED.code, true);
    const field = view.getUint16(at + REFUSED.field, true);
    const raw = bytes.subarray(
      at + REFUSED.raw,
      at + REFUSED.raw + view.getUint32(at + REFUSED.rawBytes, true),
    );
    const offset = view.getUint32(at + REFUSED.offset, true);
    const { detail, path } = describe(code, field, table, raw, offset);
    // Of unknown schema: the line names the one that was asked for, and the frame's own bytes lie behind the names.
    const unknown = code === UNKNOWN_SCHEMA;
    return deadLetterLine({
      code: codeName(code),
      detail,
      path,
      raw: unknown ? raw.subarray(offset) : raw,
      received_utc: receivedUtc,
      rejected_utc: rejectedUtc,
      schema: unknown ? namesInHead(raw, offset).asked : schema,
      source: {
        // Only sessions number their frames.
        frame: (source?.session ?? null) === null ? null : view.getFloat64(frame + FRAME_ENTRY.frame, true),
        principal: source?.principal ?? null,
        record: view.getUint32(at + REFUSED.record, true),
        session: source?.session ?? null,
      },
    });
  }

  #add(line: string): void {
    const bytes = Buffer.from(`${line}\n`, 'utf8');
    this.#leaves.copy(leafHash(bytes.subarray(0, -1)), 0, HASH_BYTES);
    this.#lines.copy(bytes, 0, bytes.length);
  }

  #reset(): void {
    this.#reader.reset();
    this.#lines.reset();
    this.#leaves.reset();
  }

  #content(excursions: number): { ndjson: Uint8Array; leaves: Uint8Array; excursions: number } {
    return { ndjson: this.#lines.bytes, leaves: this.#leaves.bytes, excursions };
  }
}
