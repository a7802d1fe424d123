// A document through everything that is done to it before its history is looked at: reader, rules, canonical form, digest
// and `ni:` hash of each event. As the judge's thread does it, without the chunks and the port.

import { createHash } from 'node:crypto';
import { judge } from '../../engine/epcis/judge.ts';
import type { JudgedEvent } from '../../engine/epcis/judged.ts';
import { type DocumentHead, READ_LIMITS, type SourceEvent } from '../../engine/epcis/model.ts';
import { createReader } from '../../engine/epcis/read.ts';
import type { Form } from './documents.ts';

const PIECE = 256 * 1024;
const NOW_MS = Date.parse('2026-06-01T00:00:00Z');

export function mediaTypeOf(form: Form): string {
  return form.startsWith('json') ? 'application/ld+json' : 'application/xml';
}

/** The events of a document as the reader makes them. @throws Error for any fault of the document */
export function readEvents(
  body: Uint8Array,
  form: Form,
  take: ((event: SourceEvent) => void) | null,
): DocumentHead {
  const fault = ({ code, detail }: { code: string; detail: string }): never => {
    throw new Error(`the bench's own document is refused: ${code} ${detail}`);
  };
  const reader = createReader(mediaTypeOf(form), { event: take, fault }, READ_LIMITS);
  for (let at = 0; at < body.length; at += PIECE) reader.write(body.subarray(at, at + PIECE));
  const head = reader.end();
  if (head === null) throw new Error('the bench made a document without a head');
  return head;
}

/** What came of a document. */
export interface Answer {
  readonly events: number;
  readonly rows: number;
  readonly rejected: number;
  /** SHA-256 over the digests of the events, in order, hex. */
  readonly digest: string;
  /** The same over their `ni:` hashes. */
  readonly ni: string;
}

/** Judges each event as it comes. `head`: as the scan before has found it. */
export class Judging {
  #events = 0;
  #rows = 0;
  #rejected = 0;
  readonly #digest = createHash('sha256');
  readonly #ni = createHash('sha256');
  readonly #context: Parameters<typeof judge>[1];

  constructor(head: DocumentHead) {
    this.#context = { profile: 'generic', head, nowMs: NOW_MS, partners: null, staleMs: null };
  }

  readonly take = (event: SourceEvent): void => this.#count(judge(event, this.#context));

  #count({ canonical, rejected }: JudgedEvent): void {
    this.#events += 1;
    if (rejected) this.#rejected += 1;
    if (canonical === null) return;
    this.#rows += canonical.rows.length;
    this.#digest.update(canonical.hash);
    this.#ni.update(canonical.ni);
  }

  answer(): Answer {
    return {
      events: this.#events,
      rows: this.#rows,
      rejected: this.#rejected,
      digest: this.#digest.digest('hex'),
      ni: this.#ni.digest('hex'),
    };
  }
}

export function judgeWhole(body: Uint8Array, form: Form, head: DocumentHead): Answer {
  const judging = new Judging(head);
  readEvents(body, form, judging.take);
  return judging.answer();
}
