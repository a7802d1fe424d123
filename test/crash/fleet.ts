// The fleet of the crash run: endpoints over WebSockets (FirnClient, resuming) and one poster over HTTP that retries with
// its Idempotency-Key until it has an answer. Both write the ledger and know nothing of the engine's insides.

import { FirnClient } from '../../engine/client/client.ts';
import type { Ledger } from './ledger.ts';

export interface CrashFleetOptions {
  readonly url: string;
  readonly endpoints: number;
  readonly ledger: Ledger;
  readonly random: () => number;
}

const DAY_MS = 86_400_000;

export class CrashFleet {
  readonly #options: CrashFleetOptions;
  readonly #clients: FirnClient[] = [];
  readonly #work: Promise<void>[] = [];
  #running = false;
  #count = 0;

  constructor(options: CrashFleetOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = true;
    for (let endpoint = 0; endpoint < this.#options.endpoints; endpoint += 1)
      this.#work.push(this.#endpoint(endpoint));
    this.#work.push(this.#poster());
  }

  /** Stops sending and waits until everything that was sent is acknowledged. */
  async stop(withinMs: number): Promise<void> {
    this.#running = false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`the fleet was not acknowledged within ${withinMs} ms`)),
        withinMs,
      );
    });
    await Promise.race([Promise.all(this.#work), late]);
    clearTimeout(timer);
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  async #endpoint(endpoint: number): Promise<void> {
    const { url, ledger, random } = this.#options;
    const sensor = `crash-${String(endpoint).padStart(4, '0')}`;
    const client = new FirnClient({
      url: url.replace('http', 'ws'),
      stream: 'coldchain',
      session: sensor,
      backoffMs: 50,
    });
    this.#clients.push(client);
    await client.connect();
    const open = new Set<Promise<void>>();
    while (this.#running) {
      const { frame, identities } = this.#frame(sensor, 1 + Math.floor(random() * 20));
      for (const identity of identities) ledger.sent(identity);
      const acknowledged: Promise<void> = client.sendFrame(frame).then(() => {
        for (const identity of identities) ledger.acknowledged(identity);
        open.delete(acknowledged);
      });
      open.add(acknowledged);
      if (open.size > 8) await Promise.race(open);
      await new Promise((resolve) => setTimeout(resolve, random() * 20));
    }
    await Promise.all(open);
  }

  async #poster(): Promise<void> {
    const { url, ledger } = this.#options;
    while (this.#running) {
      const { frame, identities } = this.#frame('poster-0001', 5);
      for (const identity of identities) ledger.sent(identity);
      const key = `key-${this.#count}`;
      for (;;) {
        const status = await fetch(`${url}/v1/streams/coldchain/records`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': key },
          body: frame,
        }).then(
          (reply) => reply.arrayBuffer().then(() => reply.status),
          () => 0,
        );
        if (status === 202) break;
        if (status !== 0 && status !== 503 && status !== 409) throw new Error(`POST answered ${status}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      for (const identity of identities) ledger.acknowledged(identity);
    }
  }

  /** NDJSON of `count` records, now and then one that is refused and one of an earlier day. */
  #frame(sensor: string, count: number): { frame: string; identities: string[] } {
    const { ledger, random } = this.#options;
    const identities: string[] = [];
    let frame = '';
    for (let record = 0; record < count; record += 1) {
      this.#count += 1;
      if (random() < 0.02) {
        const raw = `{"refused":${this.#count}}`;
        ledger.refused(raw);
        frame += `${raw}\n`;
        continue;
      }
      // A counter in the fraction makes each timestamp of a sensor unique.
      const day = random() < 0.05 ? Math.floor(random() * 5) * DAY_MS : 0;
      const fraction = String(this.#count).padStart(9, '0');
      const timestamp = `${new Date(Date.now() - day).toISOString().slice(0, 19)}.${fraction}Z`;
      frame += `{"sensor_id":"${sensor}","timestamp_utc":"${timestamp}","temperature_c":${(random() * 10).toFixed(2)},"zone_id":"ZONE-${Math.floor(random() * 4)}"}\n`;
      identities.push(`${sensor} ${timestamp}`);
    }
    return { frame, identities };
  }
}
