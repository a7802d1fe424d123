// The fleet outside the engine: endpoints over WebSockets (FirnClient, resuming) and posters over HTTP that retry with
// their Idempotency-Key until they have an answer. It writes the ledger and knows nothing of the engine's insides.

import { setTimeout as delay } from 'node:timers/promises';
import { FirnClient } from '../../engine/client/client.ts';
import { drawFrame, type Frame, type Marked, post } from './frames.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { LoadShape } from './shape.ts';

export interface CrashFleetOptions {
  /** `http://host:port`. */
  readonly url: string;
  readonly shape: LoadShape;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Counts records over all fleets of a run, so that none is sent twice. */
  readonly numbers: { next: number };
  readonly marked?: Marked;
}

/** Frames of an endpoint that may wait for their acknowledgement. */
const IN_FLIGHT = 8;

export class CrashFleet {
  readonly #options: CrashFleetOptions;
  readonly #clients: FirnClient[] = [];
  readonly #work: Promise<void>[] = [];
  #running = false;
  #abandoned = false;
  #fault: Error | null = null;

  constructor(options: CrashFleetOptions) {
    this.#options = options;
  }

  /** Why a client stopped or a poster gave up; null while all is well. */
  get fault(): Error | null {
    return this.#fault;
  }

  start(): void {
    const { endpoints, posters } = this.#options.shape;
    this.#running = true;
    for (let n = 0; n < endpoints; n += 1) this.#run(this.#endpoint(n));
    for (let n = 0; n < posters; n += 1) this.#run(this.#poster(n));
  }

  /** Stops sending and waits until everything that was sent is acknowledged. @throws `fault`, or when that takes too long. */
  async stop(withinMs: number): Promise<void> {
    this.#running = false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#fault ??= new Error(`the fleet was not acknowledged within ${withinMs} ms`);
        resolve();
      }, withinMs);
    });
    await Promise.race([Promise.all(this.#work), late]);
    clearTimeout(timer);
    await this.abandon();
    if (this.#fault !== null) throw this.#fault;
  }

  /** Closes every connection at once. */
  async abandon(): Promise<void> {
    this.#running = false;
    this.#abandoned = true;
    await Promise.all(this.#clients.map((client) => client.stop()));
  }

  #run(work: Promise<void>): void {
    this.#work.push(
      work.catch((error: Error) => {
        this.#fault ??= error;
      }),
    );
  }

  async #endpoint(n: number): Promise<void> {
    const { url, ledger, random, shape } = this.#options;
    const sensor = `crash-${String(n).padStart(4, '0')}`;
    const client = new FirnClient({
      url: url.replace('http', 'ws'),
      stream: 'coldchain',
      session: sensor,
      backoffMs: 50,
      maxBackoffMs: 500,
    });
    this.#clients.push(client);
    await client.connect();
    const open = new Set<Promise<void>>();
    while (this.#running) {
      const { text, records } = this.#frame(sensor);
      ledger.sent(records);
      const acknowledged: Promise<void> = client.sendFrame(text).then(() => {
        ledger.acknowledged(records);
        open.delete(acknowledged);
      });
      // Its failure is told by whoever waits next; until then nobody may be waiting.
      acknowledged.catch(() => {});
      open.add(acknowledged);
      if (random() < 0.002) client.reconnect();
      if (open.size >= IN_FLIGHT) await Promise.race(open);
      await delay(random() * 2 * shape.gapMs);
    }
    await Promise.all(open);
  }

  async #poster(n: number): Promise<void> {
    const { ledger, random, numbers } = this.#options;
    while (this.#running) {
      const { text, records } = this.#frame(`poster-${n}`);
      ledger.sent(records);
      const key = `key-${numbers.next}`;
      await this.#post(text, key);
      ledger.acknowledged(records);
      // A client that did not hear the answer asks again.
      if (random() < 0.1) await this.#post(text, key);
      await delay(random() * 60);
    }
  }

  #post(body: string, key: string): Promise<void> {
    return post(this.#options.url, body, key, () => this.#abandoned);
  }

  #frame(sensor: string): Frame {
    const { random, numbers, shape, marked } = this.#options;
    const count = 1 + Math.floor(random() * shape.recordsPerFrame);
    return drawFrame(sensor, count, { ...shape, random, numbers, marked });
  }
}
