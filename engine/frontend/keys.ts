// The table of Idempotency-Keys: what was answered under which key, for 24 hours of running time. A key is pending from
// the moment its frame is in the ring until it is durable. A full table refuses new keys and never evicts.

import type { KeyRow } from '../journal/fold.ts';
import { KEY_KEEP_MS } from '../limits.ts';
import { Places, type TableLimits } from './sessions.ts';

export type { KeyRow };

/** What the table knows of a key: nothing, that its first request is under way, or the answer. */
export type KeyState = undefined | 'pending' | KeyRow;

/** Whose the keys of replays are: no credential, so two of them do not replay one record twice. None is called so. */
export const REPLAYS = 'dead letter';

function tableKey(principal: string, stream: string, key: string): string {
  return `${principal}\n${stream}\n${key}`;
}

export class KeyTable {
  /** In the order of their creation, so the oldest is the first. */
  readonly #rows = new Map<string, KeyRow>();
  readonly #pending = new Set<string>();
  readonly #places: Places;

  constructor(rows: Iterable<KeyRow>, limits: TableLimits) {
    this.#places = new Places(limits);
    for (const row of [...rows].sort((a, b) => a.createdMs - b.createdMs)) {
      this.#rows.set(tableKey(row.principal, row.stream, row.key), row);
      this.#places.take(row.principal, true);
    }
  }

  /** Keys with an answer, and keys under way. */
  get size(): number {
    return this.#rows.size + this.#pending.size;
  }

  state(principal: string, stream: string, key: string): KeyState {
    const id = tableKey(principal, stream, key);
    return this.#pending.has(id) ? 'pending' : this.#rows.get(id);
  }

  /** Marks a new key as under way; false when there is no place for it. */
  begin(principal: string, stream: string, key: string): boolean {
    if (!this.#places.take(principal)) return false;
    this.#pending.add(tableKey(principal, stream, key));
    return true;
  }

  /** The key's frame did not get into the ring: as if it had never come. */
  cancel(principal: string, stream: string, key: string): void {
    if (this.#pending.delete(tableKey(principal, stream, key))) this.#places.give(principal);
  }

  /** The key's frame is durable and answered. */
  finish(row: KeyRow): void {
    const id = tableKey(row.principal, row.stream, row.key);
    this.#pending.delete(id);
    this.#rows.set(id, row);
  }

  /** The next key that is past its retention, or null. */
  expired(runningMs: number): KeyRow | null {
    for (const row of this.#rows.values()) return runningMs - row.createdMs >= KEY_KEEP_MS ? row : null;
    return null;
  }

  /** Takes an expired key out: its `forget` frame is on its way. */
  forget(row: KeyRow): void {
    this.#rows.delete(tableKey(row.principal, row.stream, row.key));
    this.#places.give(row.principal);
  }
}
