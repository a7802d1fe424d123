// Quotas per credential (or, without tokens, per address): refused records a minute, and requests a second. A sender that
// fills the dead letter is held off for the rest of the minute, and one audit event a minute says so. Senders that have
// been quiet for a minute are not remembered.

import { utc } from '../clock.ts';
import type { AuditEntry } from '../journal/entry.ts';

const MINUTE_MS = 60_000;

/** One sender. Connections keep a reference, so the check of a frame is one comparison. */
export interface Quota {
  readonly who: string;
  /** Connections that hold it: it is not dropped while there are any. */
  connections: number;
  /** Start of the minute that `refused` counts, monotonic ms. */
  minuteMs: number;
  refused: number;
  /** Until when nothing is taken from this sender, monotonic ms; 0 = not held off. */
  heldUntilMs: number;
  /** Requests that may come at once, and when that was reckoned. */
  tokens: number;
  tokensMs: number;
}

export interface QuotaLimits {
  readonly maxRefusedPerMinute: number;
  /** 0 = no limit. */
  readonly requestsPerSecond: number;
}

export class Quotas {
  readonly #limits: QuotaLimits;
  readonly #audit: (event: AuditEntry) => void;
  readonly #senders = new Map<string, Quota>();

  constructor(limits: QuotaLimits, audit: (event: AuditEntry) => void) {
    this.#limits = limits;
    this.#audit = audit;
  }

  of(who: string, nowMs: number): Quota {
    let quota = this.#senders.get(who);
    if (quota === undefined) {
      const tokens = this.#burst;
      quota = { who, connections: 0, minuteMs: nowMs, refused: 0, heldUntilMs: 0, tokens, tokensMs: nowMs };
      this.#senders.set(who, quota);
    }
    return quota;
  }

  get #burst(): number {
    return Math.max(1, this.#limits.requestsPerSecond);
  }

  /** Counts refused records once they are durable. `wallMs` = time for the audit event. */
  refused(quota: Quota, records: number, nowMs: number, wallMs: number): void {
    if (nowMs - quota.minuteMs >= MINUTE_MS) {
      quota.minuteMs = nowMs;
      quota.refused = 0;
    }
    const before = quota.refused;
    quota.refused += records;
    const limit = this.#limits.maxRefusedPerMinute;
    if (quota.refused <= limit) return;
    quota.heldUntilMs = quota.minuteMs + MINUTE_MS;
    if (before > limit) return;
    this.#audit({
      action: 'sender held off',
      actor: 'firn',
      at_utc: utc(wallMs),
      authorised_by: null,
      new: { limit_per_minute: limit, refused: quota.refused },
      old: null,
      reason: 'more refused records in a minute than limits.maxRefusedPerMinute',
      target: quota.who,
    });
  }

  /** Seconds until the sender may go on after too many refused records; 0 = now. */
  heldSeconds(quota: Quota, nowMs: number): number {
    return quota.heldUntilMs > nowMs ? Math.ceil((quota.heldUntilMs - nowMs) / 1000) : 0;
  }

  /** Takes one request out of the sender's rate. @returns 0, or seconds until the next one may come. */
  request(quota: Quota, nowMs: number): number {
    const rate = this.#limits.requestsPerSecond;
    if (rate === 0) return 0;
    quota.tokens = Math.min(this.#burst, quota.tokens + ((nowMs - quota.tokensMs) * rate) / 1000);
    quota.tokensMs = nowMs;
    if (quota.tokens < 1) return Math.max(1, Math.ceil((1 - quota.tokens) / rate));
    quota.tokens -= 1;
    return 0;
  }

  /** Forgets senders that have no connection and nothing counted against them. Call it every second or so. */
  sweep(nowMs: number): void {
    for (const quota of this.#senders.values()) {
      const quiet = nowMs - Math.max(quota.minuteMs, quota.tokensMs) >= MINUTE_MS;
      if (quiet && quota.connections === 0) this.#senders.delete(quota.who);
    }
  }
}
