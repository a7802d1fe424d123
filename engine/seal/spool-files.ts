// Which files of the spool may go, and when: those of a capture that is over, once a snapshot is on disk from which recovery
// would read nothing of it again; at a start also those that no capture in the journal speaks of. Never the other way
// round: an event that was acknowledged lies in the spool until its batch is in the outbox.

import { join } from 'node:path';
import { FatalError } from '../errors.ts';
import type { FoldState } from '../journal/rows.ts';
import { MIB } from '../limits.ts';
import type { Storage } from '../storage.ts';

/** `<id>.raw`, `<id>.<attempt>.lines`. */
const NAME = /^([0-9a-f-]{36})\./;
const LOOK_EVERY_MS = 1000;
/** Files that are worth a snapshot of their own: so many bytes, or any after so long. */
const WORTH_BYTES = 64 * MIB;
const WORTH_AFTER_MS = 30_000;

type CaptureTable = Pick<FoldState['captures'], 'byId'>;

export interface SpoolFilesOptions {
  readonly storage: Storage;
  readonly folder: string;
  readonly captures: CaptureTable;
  readonly nowMs: () => number;
}

export class SpoolFiles {
  readonly #options: SpoolFilesOptions;
  #nextLookMs = Number.NEGATIVE_INFINITY;
  #bytes = 0;
  /** Since when something could go; null when nothing can. */
  #sinceMs: number | null = null;

  constructor(options: SpoolFilesOptions) {
    this.#options = options;
  }

  /** True when so much may go that it should not wait for a store that is away. @param needed as for `drop` */
  pressing(needed: number): boolean {
    this.#look(needed);
    return this.#bytes >= WORTH_BYTES;
  }

  /** True when a snapshot is worth its writing for what may go after it. */
  due(needed: number): boolean {
    this.#look(needed);
    if (this.#sinceMs === null) return false;
    return this.#bytes >= WORTH_BYTES || this.#options.nowMs() - this.#sinceMs >= WORTH_AFTER_MS;
  }

  /**
   * Called when a snapshot is on disk: removes the files that it makes unnecessary. A removal that a crash undoes is done
   * again after the next one, so the folder is not synced.
   * @param needed position of the oldest entry that recovery from the snapshot reads
   */
  drop(needed: number): void {
    const { storage, folder } = this.#options;
    this.#guard(() => {
      for (const name of this.#idle(needed)) storage.unlink(join(folder, name));
    });
    this.#bytes = 0;
    this.#sinceMs = null;
  }

  #look(needed: number): void {
    const { captures, nowMs } = this.#options;
    const now = nowMs();
    if (now < this.#nextLookMs) return;
    this.#nextLookMs = now + LOOK_EVERY_MS;
    const ids = new Set(this.#guard(() => this.#idle(needed)).map((name) => idOf(name) as string));
    this.#bytes = 0;
    // Of the lines nothing is known here; they are about as long as what they came from.
    for (const id of ids) this.#bytes += captures.byId.get(id)?.bytes ?? 0;
    this.#sinceMs = ids.size === 0 ? null : (this.#sinceMs ?? now);
  }

  /** Says whose folder it was that the disk failed on. */
  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new FatalError(
        `the spool ${this.#options.folder} cannot be cleared: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    }
  }

  /** Files of captures that are over, and whose last entry lies before `needed`. */
  #idle(needed: number): string[] {
    const { storage, folder, captures } = this.#options;
    return storage.list(folder).filter((name) => {
      const end = captures.byId.get(idOf(name) ?? '')?.end;
      return end !== null && end !== undefined && end.position <= needed;
    });
  }
}

/**
 * Removes what no capture in the journal speaks of: bodies that were never acknowledged. Only at a start, when nothing is
 * being received.
 * @returns how many files
 */
export function dropOrphans(storage: Storage, folder: string, captures: CaptureTable): number {
  const orphans = storage.list(folder).filter((name) => {
    const id = idOf(name);
    return id !== null && !captures.byId.has(id);
  });
  for (const name of orphans) storage.unlink(join(folder, name));
  return orphans.length;
}

function idOf(name: string): string | null {
  return NAME.exec(name)?.[1] ?? null;
}
