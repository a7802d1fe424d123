// The fleet outside the engine: endpoints over WebSockets (FirnClient, resuming) and posters over HTTP that retry with
// their Idempotency-Key until they have an answer. It writes the ledger and knows nothing of the engine's insides.

import { setTimeout as delay } from 'node:timers/promises';
import { FirnClient } from '../../engine/client/client.ts';
import type { FrameRecords, Ledger } from './ledger.ts';
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
  /** Part of the text of some records, for codecs that look for it; such a share of all. */
  readonly marked?: { readonly zone: string; readonly share: number };
}

const DAY_MS = 86_400_000;
/** Frames of an endpoint that may wait for their acknowledgement. */
const IN_FLIGHT = 8;

export class CrashFleet {
  readonly #options: CrashFleetOptions;
  readonly #clients: FirnClient[] = [];
  readonly #work: Promise<void>[] = [];
  #running = false;
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

  /** Posts until there is an answer that is one. */
  async #post(body: string, key: string): Promise<void> {
    for (;;) {
      const status = await fetch(`${this.#options.url}/v1/streams/coldchain/records`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': key },
        body,
      }).then(
        (reply) => reply.arrayBuffer().then(() => reply.status),
        () => 0,
      );
      if (status === 202) return;
      if (status !== 0 && status !== 503 && status !== 409) throw new Error(`POST answered ${status}`);
      await delay(50);
    }
  }

  /** NDJSON of some records, by chance one that is refused or of an earlier day. */
  #frame(sensor: string): { text: string; records: FrameRecords } {
    const { random, numbers, shape, marked } = this.#options;
    const good: string[] = [];
    const refused: string[] = [];
    let text = '';
    const count = 1 + Math.floor(random() * shape.recordsPerFrame);
    for (let record = 0; record < count; record += 1) {
      const number = numbers.next++;
      if (random() < shape.refusedShare) {
        const raw = `{"refused":${number}}`;
        refused.push(raw);
        text += `${raw}\n`;
        continue;
      }
      const late = random() < shape.lateShare ? Math.floor(random() * (shape.days + 1)) * DAY_MS : 0;
      // The number in the fraction makes each timestamp of a run unique.
      const second = new Date(Date.now() - late).toISOString().slice(0, 19);
      const timestamp = `${second}.${String(number).padStart(9, '0')}Z`;
      const isMarked = marked !== undefined && random() < marked.share;
      const zone = isMarked ? marked.zone : `ZONE-${Math.floor(random() * 4)}`;
      const temperature = (random() * 10).toFixed(2);
      text += `{"sensor_id":"${sensor}","timestamp_utc":"${timestamp}","temperature_c":${temperature},"zone_id":"${zone}"}\n`;
      good.push(`${sensor} ${timestamp}`);
    }
    return { text, records: { good, refused } };
  }
}
