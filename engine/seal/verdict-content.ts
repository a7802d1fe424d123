// The lines of a batch of EPCIS events, in file order: the verdicts from the journal, and what they are about from the spool.
// Accepted lines are copied as the ledger wrote them, each after a look at its leaf hash; dead letters are rendered here,
// from entry, capture and exact bytes, so that building a batch again gives the same bytes.

import { deadLetterLine } from '../batch/lines.ts';
import { HASH_BYTES, leafHash } from '../batch/merkle.ts';
import { utc } from '../clock.ts';
import type { Code } from '../codes.ts';
import { FatalError } from '../errors.ts';
import type { AcceptedVerdict, RefusedVerdict, VerdictEntry } from '../journal/capture-entry.ts';
import { CONTROL_ENTRY, ENTRY, ENTRY_KIND } from '../journal/entry.ts';
import type { CaptureRow } from '../journal/fold.ts';
import { type Content, TimeSpan } from './content.ts';
import { entryLength } from './gather.ts';
import { LineBuffer } from './line-buffer.ts';
import type { RunReader } from './run-reader.ts';
import type { Runs } from './runs.ts';
import type { SpoolReader } from './spool-reader.ts';

const LF = 0x0a;

export interface VerdictNames {
  capture(id: string): CaptureRow | undefined;
}

/** Renders batches, one at a time: its buffers grow to the largest and stay. */
export class VerdictContent {
  readonly #reader: RunReader;
  readonly #spool: SpoolReader;
  readonly #names: VerdictNames;
  readonly #lines = new LineBuffer();
  readonly #leaves = new LineBuffer();

  constructor(reader: RunReader, spool: SpoolReader, names: VerdictNames) {
    this.#reader = reader;
    this.#spool = spool;
    this.#names = names;
  }

  /** Accepted events. @throws FatalError when the spool has not the lines that were journaled */
  records(runs: Runs): Content {
    return this.#content(runs, 'accepted', (verdict, span) => this.#line(verdict as AcceptedVerdict, span));
  }

  /** Refused events, and pieces of refused documents. `schema`: what they were judged by. */
  deadLetters(runs: Runs, schema: string): Content {
    return this.#content(runs, 'refused', (verdict, span, wallMs) =>
      this.#letter(verdict as RefusedVerdict, span, wallMs, schema),
    );
  }

  #content(
    runs: Runs,
    kind: VerdictEntry['kind'],
    add: (verdict: VerdictEntry, span: TimeSpan, wallMs: number) => void,
  ): Content {
    this.#reader.reset();
    this.#lines.reset();
    this.#leaves.reset();
    const span = new TimeSpan();
    for (let run = 0; run < runs.length; run++) {
      let at = this.#reader.seek(runs, run);
      const { view } = this.#reader;
      for (let left = runs.count(run); left > 0; at += entryLength(view, at)) {
        if (view.getUint8(at + ENTRY.kind) !== ENTRY_KIND.verdict) continue;
        const verdict = this.#verdictAt(at);
        if (verdict.kind !== kind) continue;
        left -= 1;
        add(verdict, span, runs.wallMs(run));
      }
    }
    this.#spool.close();
    return { ndjson: this.#lines.bytes, leaves: this.#leaves.bytes, excursions: 0, ...span.texts };
  }

  #verdictAt(at: number): VerdictEntry {
    const { bytes, view } = this.#reader;
    const start = at + CONTROL_ENTRY.json;
    const end = start + view.getUint32(at + CONTROL_ENTRY.jsonBytes, true);
    return JSON.parse(bytes.toString('utf8', start, end)) as VerdictEntry;
  }

  #line({ file, offset, bytes, ms, leaf, event }: AcceptedVerdict, span: TimeSpan): void {
    const start = this.#lines.length;
    const line = this.#lines.room(bytes).subarray(0, bytes);
    this.#spool.read(file, offset, line);
    const data = Buffer.from(line.buffer, line.byteOffset, bytes - 1);
    const hash = leafHash(data);
    if (line[bytes - 1] !== LF || Buffer.from(hash).toString('hex') !== leaf)
      throw this.#spool.damaged(
        file,
        `the line of event ${event} at byte ${offset} is not the one that was journaled`,
      );
    const time = utc(ms);
    // The last member but `warnings`, which are codes: an event's own text cannot stand behind it.
    if (data.lastIndexOf(`,"timestamp_utc":"${time}",`) < 0)
      throw this.#spool.damaged(file, `the line of event ${event} at byte ${offset} is not of ${time}`);
    span.add(ms, time);
    this.#leaves.copy(hash, 0, HASH_BYTES);
    this.#lines.extend(start + bytes);
  }

  #letter(verdict: RefusedVerdict, span: TimeSpan, wallMs: number, schema: string): void {
    const { capture: id, event, piece, file, offset, bytes, code, detail, path } = verdict;
    const capture = this.#names.capture(id);
    if (capture === undefined)
      throw new FatalError(`journal: a dead letter of the capture ${id}, which is none`);
    const raw = Buffer.allocUnsafeSlow(bytes);
    this.#spool.read(file, offset, raw);
    const receivedUtc = utc(capture.receivedMs);
    span.add(capture.receivedMs, receivedUtc);
    const line = Buffer.from(
      `${deadLetterLine({
        code: code as Code,
        detail,
        path,
        raw,
        received_utc: receivedUtc,
        rejected_utc: utc(wallMs),
        schema,
        source: { frame: event, principal: capture.principal, record: piece, session: `capture:${id}` },
      })}\n`,
      'utf8',
    );
    this.#leaves.copy(leafHash(line.subarray(0, -1)), 0, HASH_BYTES);
    this.#lines.copy(line, 0, line.length);
  }
}
