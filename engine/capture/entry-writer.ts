// Entries of captures on their way to the journal, in order. The ring takes what it has room for; the rest waits here,
// and whoever gives entries keeps to a bounded number of them. Nothing is dropped.

import type { CapturedEntry, CaptureEntry, VerdictEntry } from '../journal/capture-entry.ts';
import type { ForgetEntry } from '../journal/entry.ts';
import { FRAME_KIND } from '../ring/frame.ts';

/** As `Frontend.put`. */
export type PutEntry = (
  kind: (typeof FRAME_KIND)['capture' | 'verdict' | 'captured' | 'forget'],
  entry: object,
  onDurable: () => void,
) => boolean;

interface Waiting {
  readonly kind: Parameters<PutEntry>[0];
  readonly entry: object;
  readonly onDurable: () => void;
}

/** How soon the ring is asked again when none of the own entries is on its way. */
const RETRY_MS = 10;

export class EntryWriter {
  readonly #put: PutEntry;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(put: PutEntry) {
    this.#put = put;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when the entry is durable. */
  capture(entry: CaptureEntry): Promise<void> {
    return this.#write(FRAME_KIND.capture, entry);
  }

  verdict(entry: VerdictEntry): Promise<void> {
    return this.#write(FRAME_KIND.verdict, entry);
  }

  captured(entry: CapturedEntry): Promise<void> {
    return this.#write(FRAME_KIND.captured, entry);
  }

  forget(entry: ForgetEntry): Promise<void> {
    return this.#write(FRAME_KIND.forget, entry);
  }

  /** What waits is given up: its promises never settle. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #write(kind: Waiting['kind'], entry: object): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ kind, entry, onDurable: resolve });
      this.#pump();
    });
  }

  #pump(): void {
    let taken = 0;
    for (const { kind, entry, onDurable } of this.#waiting) {
      const durable = (): void => {
        onDurable();
        if (this.#waiting.length > 0) this.#pump();
      };
      if (this.#closed || !this.#put(kind, entry, durable)) break;
      taken += 1;
    }
    this.#waiting.splice(0, taken);
    if (this.#waiting.length === 0 || this.#timer !== null || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#pump();
    }, RETRY_MS);
  }
}
