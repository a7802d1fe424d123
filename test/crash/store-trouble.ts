// What goes wrong with the store of a campaign, drawn from a seed: lost answers, errors, cut connections, slow bodies and
// short downs, at any request of an engine that works, and a few of them while one starts.

import { setTimeout as delay } from 'node:timers/promises';
import type { Fault, FaultKind } from '../support/s3-faults.ts';
import type { S3Server } from '../support/s3-server.ts';
import { pick, type Random } from './random.ts';

/** What the engine does meanwhile. */
export type Phase = 'none' | 'start' | 'work';

/** Requests that meet a fault during one start: one less than the attempts that a request has, so that it works in the end. */
const START_FAULTS = 3;
const MOST_RULES = 5;
const DOWN_SHARE = 0.3;

type Trouble = Pick<Fault, 'method'> & FaultKind;

const SLOW_DOWN = { kind: 'status', status: 503, code: 'SlowDown' } as const;
const TROUBLES: readonly Trouble[] = [
  // Twice: done and not told is where a second writer would be seen in oneself.
  { kind: 'lost' },
  { kind: 'lost', method: 'PUT' },
  { kind: 'cut' },
  SLOW_DOWN,
  { ...SLOW_DOWN, headers: { 'retry-after': '1' } },
  { kind: 'status', status: 500, code: 'InternalError' },
  { kind: 'status', status: 409, code: 'ConditionalRequestConflict', method: 'PUT' },
  { kind: 'torn', method: 'GET' },
  { kind: 'stall', method: 'GET' },
  { kind: 'trickle', method: 'GET', pieces: 10, everyMs: 30 },
];
// Not the probe of a start: its puts are made once, and a new engine whose probe fails ends (2).
const KEYS: readonly RegExp[] = [
  /^(?!.*_tmp\/)/,
  /^(?!.*_tmp\/)/,
  /\.ndjson\.zst$/,
  /\/checkpoint$/,
  /\/tile\//,
];

export class StoreTrouble {
  readonly #s3: S3Server;
  readonly #random: Random;
  #end = new AbortController();
  #away: Promise<void> = Promise.resolve();
  /** Times that the store refused connections for a while. */
  downs = 0;

  constructor(s3: S3Server, random: Random) {
    this.#s3 = s3;
    this.#random = random;
  }

  /** Ends the trouble of the phase before; the store is up. */
  async begin(phase: Phase): Promise<void> {
    const { faults } = this.#s3;
    const random = this.#random;
    this.#end.abort();
    await this.#away;
    faults.clear();
    if (phase === 'none') return;
    if (phase === 'start') {
      const met = Math.floor(random() * (START_FAULTS + 1));
      for (let n = 0; n < met; n += 1) faults.add(this.#draw(30, 1));
      return;
    }
    const rules = Math.floor(random() * (MOST_RULES + 1));
    for (let n = 0; n < rules; n += 1) faults.add(this.#draw(8, pick(random, [1, 1, 2, 3, 6])));
    // Not while an engine starts: one with a history does not start without its store.
    if (random() < DOWN_SHARE) {
      this.#end = new AbortController();
      this.#away = this.#down(random() * 600, random() * 800, this.#end.signal);
    }
  }

  #draw(mostSkipped: number, times: number): Fault {
    const random = this.#random;
    const key = pick(random, KEYS);
    return { ...pick(random, TROUBLES), key, skip: Math.floor(mostSkipped * random() ** 2), times };
  }

  async #down(afterMs: number, forMs: number, signal: AbortSignal): Promise<void> {
    const wait = (ms: number): Promise<void> => delay(ms, undefined, { signal }).catch(() => undefined);
    await wait(afterMs);
    if (signal.aborted) return;
    this.downs += 1;
    await this.#s3.down();
    await wait(forMs);
    await this.#s3.up();
  }
}
