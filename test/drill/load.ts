// The load of the drill: FirnClients that resume, and posters over HTTP that retry with their Idempotency-Key. Both write
// the ledger. Its pace can be changed while it runs; replies are counted by status.

import { setTimeout as delay } from 'node:timers/promises';
import { FirnClient } from '../../engine/client/client.ts';
import type { DrillLedger } from './ledger.ts';

export interface LoadOptions {
  readonly url: string;
  readonly clients: number;
  readonly posters: number;
  readonly recordsPerFrame: number;
  readonly ledger: DrillLedger;
  readonly random: () => number;
}

/** Least pause of a poster, ms: the engine keeps each of their keys, and its memory shall tell of the backlog alone. */
const POST_PAUSE_MS = 100;
/** Frames of one client that wait for their acknowledgement. */
const MAX_OPEN = 16;

export class DrillLoad {
  /** Pause of each sender after each frame, ms; posters have a least one. */
  pauseMs = 20;
  /** Answers of the HTTP posters by status; 0 = no answer. */
  readonly replies: Map<number, number> = new Map<number, number>();
  readonly #options: LoadOptions;
  readonly #clients: FirnClient[] = [];
  readonly #work: Promise<void>[] = [];
  #running = true;
  #count = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    for (let n = 0; n < options.clients; n += 1) this.#work.push(this.#client(n));
    for (let n = 0; n < options.posters; n += 1) this.#work.push(this.#poster(n));
    // Looked at in `stop`; until then a sender that has failed is no unhandled rejection.
    for (const work of this.#work) work.catch(() => {});
  }

  /** Stops sending and waits until everything that was sent is acknowledged. */
  async stop(withinMs: number): Promise<void> {
    this.#running = false;
    const late = new AbortController();
    const limit = delay(withinMs, null, { signal: late.signal }).then(() => {
      throw new Error(`not everything was acknowledged within ${withinMs} ms`);
    });
    limit.catch(() => {});
    await Promise.race([Promise.all(this.#work), limit]);
    late.abort();
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  async #client(n: number): Promise<void> {
    const { url, ledger } = this.#options;
    const sensor = `drill-${String(n).padStart(4, '0')}`;
    const client = new FirnClient({
      ...{ url, stream: 'coldchain', session: sensor, backoffMs: 50, maxBackoffMs: 500 },
    });
    this.#clients.push(client);
    await client.connect();
    const open = new Set<Promise<void>>();
    while (this.#running) {
      const { frame, identities } = this.#frame(sensor);
      const acknowledged: Promise<void> = client.sendFrame(frame).then(() => {
        for (const identity of identities) ledger.acknowledged(identity);
        open.delete(acknowledged);
      });
      open.add(acknowledged);
      if (open.size >= MAX_OPEN) await Promise.race(open);
      await delay(this.pauseMs);
    }
    await Promise.all(open);
  }

  async #poster(n: number): Promise<void> {
    const { url, ledger } = this.#options;
    const sensor = `drill-post-${n}`;
    while (this.#running) {
      const { frame, identities } = this.#frame(sensor);
      const key = `${sensor}-${this.#count}`;
      while ((await this.#post(`${url}/v1/streams/coldchain/records`, key, frame)) !== 202) await delay(100);
      for (const identity of identities) ledger.acknowledged(identity);
      await delay(Math.max(POST_PAUSE_MS, this.pauseMs));
    }
  }

  async #post(url: string, key: string, body: string): Promise<number> {
    const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': key };
    const status = await fetch(url, { method: 'POST', headers, body }).then(
      (reply) => reply.arrayBuffer().then(() => reply.status),
      () => 0,
    );
    this.replies.set(status, (this.replies.get(status) ?? 0) + 1);
    if (![0, 202, 409, 503].includes(status)) throw new Error(`a POST was answered ${status}`);
    return status;
  }

  /** NDJSON in which every record is another one; now and then one is refused. All of it is in the ledger as sent. */
  #frame(sensor: string): { frame: string; identities: string[] } {
    const { ledger, random, recordsPerFrame } = this.#options;
    const identities: string[] = [];
    const lines: string[] = [];
    for (let record = 0; record < recordsPerFrame; record += 1) {
      this.#count += 1;
      if (random() < 0.005) {
        lines.push(`{"refused":${this.#count}}`);
        ledger.refused(lines.at(-1) as string);
        continue;
      }
      const fraction = String(this.#count).padStart(9, '0');
      const timestamp = `${new Date().toISOString().slice(0, 19)}.${fraction}Z`;
      // A hash that no compressor shortens: an outage shall fill the journal with little load.
      const hash = Array.from({ length: 8 }, () =>
        Math.floor(random() * 2 ** 32)
          .toString(16)
          .padStart(8, '0'),
      ).join('');
      lines.push(
        `{"sensor_id":"${sensor}","timestamp_utc":"${timestamp}","temperature_c":${(random() * 10).toFixed(2)},"zone_id":"ZONE-A","raw_payload_hash":"${hash}"}`,
      );
      identities.push(`${sensor} ${timestamp}`);
      ledger.sent(identities.at(-1) as string);
    }
    return { frame: `${lines.join('\n')}\n`, identities };
  }
}
