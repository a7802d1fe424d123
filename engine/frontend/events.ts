// Control frames that the engine itself writes: audit events, and the forgetting of what is past its retention. They wait
// here for room in the ring, in order, and never make anybody else wait.

import type { AuditEntry } from '../journal/entry.ts';
import { MAX_WAITING_EVENTS } from '../limits.ts';
import { FRAME_KIND, frameBytes } from '../ring/frame.ts';
import { controlPayload, type Intake, NO_SLOT } from './intake.ts';
import type { KeyTable } from './keys.ts';
import type { Requests } from './requests.ts';
import type { SessionTable } from './sessions.ts';

/** Rows forgotten in one sweep, so that no turn of the event loop gets long. */
const FORGET_AT_ONCE = 1000;

export class Events {
  readonly #intake: Intake;
  readonly #requests: Requests;
  readonly #waiting: { readonly payload: Uint8Array; readonly slot: number }[] = [];
  /** Events that found the queue full. */
  dropped = 0;

  constructor(intake: Intake, requests: Requests) {
    this.#intake = intake;
    this.#requests = requests;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Keeps an event for the journal. May be called from anywhere, also while slabs are being walked. `onDurable` is for
   * whoever must not go on before: such an event is never dropped, since what waits for it is bounded by itself.
   */
  audit(event: AuditEntry, onDurable?: () => void): void {
    if (onDurable === undefined && this.#waiting.length >= MAX_WAITING_EVENTS) {
      this.dropped += 1;
      return;
    }
    const slot = onDurable === undefined ? NO_SLOT : this.#requests.add(onDurable);
    this.#waiting.push({ payload: controlPayload(event), slot });
    this.#intake.wake();
  }

  /** Writes what waits, as far as there is room. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    let written = 0;
    for (const { payload, slot } of this.#waiting) {
      if (!this.#intake.tryRoom(frameBytes(payload.length))) break;
      this.#intake.control(FRAME_KIND.audit, payload, slot);
      written += 1;
    }
    this.#waiting.splice(0, written);
  }

  /** Forgets sessions and keys that are past their retention, as far as there is room. */
  sweep(sessions: SessionTable, keys: KeyTable, runningMs: number): void {
    for (let i = 0; i < FORGET_AT_ONCE; i++) {
      const row = sessions.expired(runningMs);
      if (row === null) break;
      if (!this.#forget({ source: row.no })) return;
      sessions.forget(row);
    }
    for (let i = 0; i < FORGET_AT_ONCE; i++) {
      const row = keys.expired(runningMs);
      if (row === null) break;
      if (!this.#forget({ principal: row.principal, stream: row.stream, key: row.key })) return;
      keys.forget(row);
    }
  }

  #forget(entry: object): boolean {
    const payload = controlPayload(entry);
    if (!this.#intake.tryRoom(frameBytes(payload.length))) return false;
    this.#intake.control(FRAME_KIND.forget, payload);
    return true;
  }
}
