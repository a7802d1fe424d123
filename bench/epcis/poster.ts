// Sends documents to /epcis/capture over keep-alive connections and times each from when it was due to its 202.

import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Posted {
  /** Milliseconds, in the order of the answers. */
  readonly latencies: readonly number[];
  readonly locations: readonly string[];
  readonly seconds: number;
}

const CONNECTIONS = 16;

export class Poster {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

  constructor(url: string) {
    this.#url = url;
  }

  /** @returns the path of the job. @throws Error for any answer but 202 */
  #post(body: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/ld+json', 'content-length': body.length };
      const sent = request(`${this.#url}/epcis/capture`, { method: 'POST', agent: this.#agent, headers });
      sent.once('error', reject);
      sent.once('response', (answer) => {
        const text: Buffer[] = [];
        answer.on('data', (piece: Buffer) => text.push(piece));
        answer.once('error', reject);
        answer.once('end', () => {
          const { location } = answer.headers;
          if (answer.statusCode === 202 && location !== undefined) resolve(location);
          else reject(new Error(`capture answered ${answer.statusCode}: ${Buffer.concat(text)}`));
        });
      });
      sent.end(body);
    });
  }

  /** As fast as the answers come: each connection sends when it has its answer. */
  async closed(next: () => Buffer, seconds: number): Promise<Posted> {
    const latencies: number[] = [];
    const locations: string[] = [];
    const began = performance.now();
    const one = async (): Promise<void> => {
      while (performance.now() - began < seconds * 1000) {
        const body = next();
        const sent = performance.now();
        locations.push(await this.#post(body));
        latencies.push(performance.now() - sent);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, one));
    return { latencies, locations, seconds: (performance.now() - began) / 1000 };
  }

  /** At a fixed rate, whatever the answers do: one that waits for a connection has been due all the while. */
  async open(next: () => Buffer, rate: number, seconds: number): Promise<Posted> {
    const latencies: number[] = [];
    const locations: string[] = [];
    const pending: Promise<void>[] = [];
    const began = performance.now();
    const count = Math.round(rate * seconds);
    const one = async (body: Buffer, due: number): Promise<void> => {
      locations.push(await this.#post(body));
      latencies.push(performance.now() - due);
    };
    for (let i = 0; i < count; i++) {
      const due = began + (1000 * i) / rate;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait);
      pending.push(one(next(), due));
    }
    await Promise.all(pending);
    return { latencies, locations, seconds: (performance.now() - began) / 1000 };
  }

  close(): void {
    this.#agent.destroy();
  }
}
