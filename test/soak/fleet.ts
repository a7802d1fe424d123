// The steady load of the soak: senders that come, send for a while, go, and come again under the same session; some lose
// their connection; posters over HTTP with Idempotency-Keys.

import { setTimeout as delay } from 'node:timers/promises';
import { FirnClient } from '../../engine/client/client.ts';
import { post } from '../crash/frames.ts';
import type { Random } from '../crash/random.ts';
import type { Counts } from './counts.ts';

const SENDERS = 60;
const POSTERS = 2;
const RECORDS = 10;
/** Mean pause between two frames of a sender, and between two posts. */
const GAP_MS = 250;
const POST_GAP_MS = 1000;
/** How long a sender stays, and stays away, at most. */
const STAY_MS = 20_000;
const AWAY_MS = 5_000;

export class SoakFleet {
  readonly #url: string;
  readonly #counts: Counts;
  readonly #random: Random;
  readonly #work: Promise<void>[] = [];
  #running = true;
  #fault: Error | null = null;

  constructor(url: string, counts: Counts, random: Random) {
    this.#url = url;
    this.#counts = counts;
    this.#random = random;
    for (let n = 0; n < SENDERS; n += 1) this.#run(this.#sender(`soak-${String(n).padStart(3, '0')}`));
    for (let n = 0; n < POSTERS; n += 1) this.#run(this.#poster(`soak-post-${n}`));
  }

  get fault(): Error | null {
    return this.#fault;
  }

  /** Resolves when everything sent is acknowledged. @throws why a client stopped. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#work);
    if (this.#fault !== null) throw this.#fault;
  }

  #run(work: Promise<void>): void {
    this.#work.push(
      work.catch((error: Error) => {
        this.#fault ??= error;
      }),
    );
  }

  async #sender(session: string): Promise<void> {
    while (this.#running) {
      const client = new FirnClient({ url: this.#url, session, backoffMs: 50, maxBackoffMs: 500 });
      await client.connect();
      const until = performance.now() + this.#random() * STAY_MS;
      while (this.#running && performance.now() < until) {
        const count = 1 + Math.floor(this.#random() * (2 * RECORDS - 1));
        await client.ready();
        const sent = client.sendFrame(this.#counts.draw(session, count));
        sent.then(
          () => this.#counts.acknowledged(count),
          // Told by the client's close, which waits for the same frame.
          () => {},
        );
        if (this.#random() < 0.01) client.reconnect();
        await delay(this.#random() * 2 * GAP_MS);
      }
      await client.close();
      if (this.#running) await delay(this.#random() * AWAY_MS);
    }
  }

  async #poster(sender: string): Promise<void> {
    for (let n = 0; this.#running; n += 1) {
      const body = this.#counts.draw(sender, RECORDS);
      await post(this.#url, body, `${sender}-${n}`, () => false);
      this.#counts.acknowledged(RECORDS);
      if (this.#random() < 0.1) await post(this.#url, body, `${sender}-${n}`, () => false);
      await delay(this.#random() * 2 * POST_GAP_MS);
    }
  }
}
