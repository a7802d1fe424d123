// Verdicts on their way from the ledger's thread to the main thread, in batches; so many of them may be unanswered that the
// journal is kept busy and memory stays flat. What is in a batch is on disk already.

import type { VerdictEntry } from '../journal/capture-entry.ts';
import { KIB } from '../limits.ts';
import type { FromLedger } from './messages.ts';

/** About what the entries of a batch take, and batches that are not answered: 256 KiB together. */
const BATCH_BYTES = 64 * KIB;
const BATCHES = 4;
/** Members of an entry beside its texts. */
const ENTRY_BYTES = 320;

export class VerdictOutbox {
  readonly #id: string;
  readonly #post: (message: FromLedger) => void;
  #verdicts: VerdictEntry[] = [];
  #bytes = 0;
  #upTo: number;
  #told: number;
  #batch = 0;
  #unanswered = 0;
  #wake: () => void = () => {};

  /** @param from events below it are in the journal */
  constructor(id: string, from: number, post: (message: FromLedger) => void) {
    this.#id = id;
    this.#upTo = from;
    this.#told = from;
    this.#post = post;
  }

  add(verdict: VerdictEntry): void {
    this.#verdicts.push(verdict);
    this.#bytes += ENTRY_BYTES + (verdict.kind === 'refused' ? verdict.detail.length : 0);
    if (verdict.event !== null) this.#upTo = verdict.event + 1;
  }

  /** Every event before `index` has its verdict, or was a duplicate. */
  passed(index: number): void {
    this.#upTo = Math.max(this.#upTo, index);
  }

  get full(): boolean {
    return this.#bytes >= BATCH_BYTES;
  }

  /** Hands over what there is, when there is room for it. Everything that it points at must be on disk. */
  async flush(): Promise<void> {
    if (this.#verdicts.length === 0 && this.#upTo === this.#told) return;
    while (this.#unanswered >= BATCHES) await this.#next();
    const verdicts = this.#verdicts;
    this.#verdicts = [];
    this.#bytes = 0;
    this.#told = this.#upTo;
    this.#batch += 1;
    this.#unanswered += 1;
    this.#post({ type: 'verdicts', id: this.#id, batch: this.#batch, verdicts, upTo: this.#upTo });
  }

  /** The journal has a batch. */
  journaled(): void {
    this.#unanswered -= 1;
    this.#wake();
  }

  /** Resolves when the journal has everything that was handed over. */
  async settled(): Promise<void> {
    while (this.#unanswered > 0) await this.#next();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
