// Acknowledgements to partners that want them sent: in order and without gaps per partner, each at least once. What one
// partner does not take holds up nobody else. An acknowledgement counts as delivered with a 2xx and not before.

import type { DueAcks } from '../ledger/model.ts';
import type { Logger } from '../log.ts';
import { ackJson } from './ack-json.ts';
import { LedgerAway } from './captures.ts';
import { Pace } from './webhook-pace.ts';
import { checkTarget, type Post, postAck, type WebhookTarget } from './webhook-post.ts';

/** Where acknowledgements come from: the outbox of the ledger. */
export interface AckSource {
  /** Those that were not delivered, in order, at most `limit`. @throws LedgerAway */
  due(partner: string, limit: number): Promise<DueAcks>;
  /** `seq` has arrived. @throws LedgerAway */
  delivered(partner: string, seq: string): Promise<void>;
}

export interface WebhooksOptions {
  readonly targets: readonly WebhookTarget[];
  readonly source: AckSource;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  readonly post?: Post;
  readonly random?: () => number;
  /** What the bound of a pause grows to, ms. */
  readonly maxWaitMs?: number;
  /** How often the outbox is looked at without being told, ms. */
  readonly lookEveryMs?: number;
  /** Waits, or is ended by the signal. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const AT_ONCE = 50;
const LOOK_EVERY_MS = 30_000;
const LEDGER_WAIT_MS = 5_000;

/** What is told of a partner. */
export interface WebhookState {
  readonly gln: string;
  /** True while it takes nothing: it is tried now and then. */
  readonly open: boolean;
  /** Deliveries of this run. */
  readonly delivered: number;
  /** Attempts of this run that failed. */
  readonly failed: number;
  /** Acknowledgements that wait, as of the last look at the outbox. */
  readonly pending: number;
  /** Why the last attempt failed, null after one that did not. */
  readonly why: string | null;
}

export class Webhooks {
  readonly #lines: ReadonlyMap<string, Line>;
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;

  /** @throws ConfigError for an address that may not be used. */
  constructor(options: WebhooksOptions) {
    for (const target of options.targets) checkTarget(target);
    const lines = options.targets.map((target) => new Line(target, options, this.#stop.signal));
    this.#lines = new Map(lines.map((line) => [line.target.gln, line]));
  }

  /** Begins to deliver. */
  start(): void {
    this.#running ??= Promise.all([...this.#lines.values()].map((line) => line.run())).then(() => {});
  }

  /** There is something new for a partner, or for anybody. */
  poke(partner?: string): void {
    if (partner === undefined) for (const line of this.#lines.values()) line.poke();
    else this.#lines.get(partner)?.poke();
  }

  /** Ends deliveries under way; resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.poke();
    await this.#running;
  }

  status(): readonly WebhookState[] {
    return [...this.#lines.values()].map((line) => line.state());
  }
}

/** One partner. */
class Line {
  readonly target: WebhookTarget;
  readonly #options: WebhooksOptions;
  readonly #signal: AbortSignal;
  readonly #pace: Pace;
  #poked = false;
  #wake: (() => void) | null = null;
  #delivered = 0;
  #failed = 0;
  #pending = 0;
  #why: string | null = null;
  #faulty = false;

  constructor(target: WebhookTarget, options: WebhooksOptions, signal: AbortSignal) {
    this.target = target;
    this.#options = options;
    this.#signal = signal;
    this.#pace = new Pace(options.random ?? Math.random, options.maxWaitMs);
  }

  poke(): void {
    this.#poked = true;
    this.#wake?.();
  }

  state(): WebhookState {
    return {
      gln: this.target.gln,
      open: this.#pace.open,
      delivered: this.#delivered,
      failed: this.#failed,
      pending: this.#pending,
      why: this.#why,
    };
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      this.#poked = false;
      const waitMs = await this.#round();
      if (this.#signal.aborted) return;
      if (waitMs > 0) await this.#wait(waitMs);
      else if (waitMs < 0) await this.#idle(-waitMs);
    }
  }

  /** @returns ms to wait before the next round; negative = so long at most, until there is something. */
  async #round(): Promise<number> {
    const { source, post = postAck, log, lookEveryMs = LOOK_EVERY_MS } = this.#options;
    const { gln } = this.target;
    try {
      const { acks, pending } = await source.due(gln, AT_ONCE);
      this.#pending = pending;
      this.#faulty = false;
      for (const ack of acks) {
        if (this.#signal.aborted) return 0;
        const posted = await post(this.target, JSON.stringify(ackJson(ack)), ack.seq, this.#signal);
        if (this.#signal.aborted) return 0;
        if (!posted.ok) return this.#failure(posted.why, posted.retryAfterMs, ack.seq);
        if (this.#pace.open)
          log.info(
            { partner: gln, pending: this.#pending },
            'a partner takes acknowledgements again: what waited is sent now',
          );
        this.#pace.succeeded();
        this.#why = null;
        this.#delivered += 1;
        await source.delivered(gln, ack.seq);
        this.#pending -= 1;
      }
      return acks.length > 0 ? 0 : -lookEveryMs;
    } catch (error) {
      // A ledger that is away says so itself. Nothing is lost: the same are due when it is back.
      if (!(error instanceof LedgerAway) && !this.#faulty) {
        this.#faulty = true;
        log.warn(
          { partner: gln, error: (error as Error).message },
          'the acknowledgements of a partner cannot be read from the ledger: it is tried again',
        );
      }
      // What pokes has just had an answer of the ledger.
      return -Math.min(LEDGER_WAIT_MS, lookEveryMs);
    }
  }

  #failure(why: string, retryAfterMs: number, seq: string): number {
    const before = this.#pace.open;
    const waitMs = this.#pace.failed(retryAfterMs);
    this.#failed += 1;
    this.#why = why;
    // Once, and not for each trial: a partner that is away for a day is one line.
    if (!before && this.#pace.open)
      this.#options.log.warn(
        { partner: this.target.gln, seq, why, pending: this.#pending, advice: adviceOn(why) },
        'a partner does not take acknowledgements: they wait in the ledger, it is tried again at least every six minutes, and nothing is lost',
      );
    return Math.max(1, waitMs);
  }

  async #wait(ms: number): Promise<void> {
    await (this.#options.wait ?? sleep)(ms, this.#signal);
  }

  /** Until it is poked, or it is time to look all the same. */
  async #idle(ms: number): Promise<void> {
    if (this.#poked) return;
    const timer = setTimeout(() => this.#wake?.(), ms);
    timer.unref();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = null;
    clearTimeout(timer);
  }
}

/** What to look at, by the errno, status or name of the failure. */
function adviceOn(why: string): string {
  if (/^HTTP 3/.test(why))
    return 'the address has moved: redirects are not followed, put the new one in the configuration';
  if (/^HTTP (401|403)/.test(why))
    return "the partner refuses: compare the secret of the signature with the partner's";
  if (/^HTTP 4/.test(why))
    return 'the partner refuses: check the address in the configuration, and ask the partner';
  if (/^HTTP 5/.test(why)) return "the partner's server has a fault: tell the partner if it lasts";
  if (/Timeout/.test(why))
    return 'the partner did not answer in time: webhook.timeoutSeconds says how long that is';
  if (/CERT|TLS|SSL|SELF_SIGNED/.test(why))
    return "the certificate of the partner's server is not trusted here";
  return "the partner's server cannot be reached: check name, network and firewall";
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    timer.unref();
    signal.addEventListener('abort', end);
  });
}
