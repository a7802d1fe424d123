// Acknowledgements to partners that want them sent: in order and without gaps per partner, each at least once. What one
// partner does not take holds up nobody else. An acknowledgement counts as delivered with a 2xx and not before.

import type { Ack } from '../ledger/model.ts';
import type { Logger } from '../log.ts';
import { ackJson } from './ack-json.ts';
import { Pace } from './webhook-pace.ts';
import { checkTarget, type Post, postAck, type WebhookTarget } from './webhook-post.ts';

/** Where acknowledgements come from: the outbox of the ledger. */
export interface AckSource {
  /** Those that were not delivered, in order, at most `limit`. */
  due(partner: string, limit: number): Promise<readonly Ack[]>;
  /** `seq` has arrived. */
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
  readonly open: boolean;
  readonly delivered: number;
  readonly failed: number;
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
    return { gln: this.target.gln, open: this.#pace.open, delivered: this.#delivered, failed: this.#failed };
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      this.#poked = false;
      const waitMs = await this.#round();
      if (this.#signal.aborted) return;
      if (waitMs > 0) await this.#wait(waitMs);
      else if (waitMs < 0) await this.#idle();
    }
  }

  /** @returns ms to wait before the next round; negative = until there is something. */
  async #round(): Promise<number> {
    const { source, post = postAck, log } = this.#options;
    const { gln } = this.target;
    try {
      const acks = await source.due(gln, AT_ONCE);
      for (const ack of acks) {
        if (this.#signal.aborted) return 0;
        const posted = await post(this.target, JSON.stringify(ackJson(ack)), ack.seq, this.#signal);
        if (this.#signal.aborted) return 0;
        if (!posted.ok) return this.#failure(posted.why, posted.retryAfterMs, ack.seq);
        if (this.#pace.open) log.info({ partner: gln }, 'a partner takes acknowledgements again');
        this.#pace.succeeded();
        this.#delivered += 1;
        await source.delivered(gln, ack.seq);
      }
      return acks.length > 0 ? 0 : -1;
    } catch {
      // The ledger is away, and says so itself. Nothing is lost: the same are due when it is back.
      return LEDGER_WAIT_MS;
    }
  }

  #failure(why: string, retryAfterMs: number, seq: string): number {
    const before = this.#pace.open;
    const waitMs = this.#pace.failed(retryAfterMs);
    this.#failed += 1;
    // Once, and not for each trial: a partner that is away for a day is one line.
    if (!before && this.#pace.open)
      this.#options.log.warn(
        { partner: this.target.gln, seq, why },
        'a partner does not take acknowledgements',
      );
    return Math.max(1, waitMs);
  }

  async #wait(ms: number): Promise<void> {
    await (this.#options.wait ?? sleep)(ms, this.#signal);
  }

  /** Until it is poked, or it is time to look all the same. */
  async #idle(): Promise<void> {
    if (this.#poked) return;
    const timer = setTimeout(() => this.#wake?.(), this.#options.lookEveryMs ?? LOOK_EVERY_MS);
    timer.unref();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = null;
    clearTimeout(timer);
  }
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
