// Whatever breaks when, a session that resumes as the protocol says is in the journal once, whole and in order: random
// runs of sending, breaking lines, taking over, making durable and restarting the engine.

import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { Fold } from '../../engine/journal/fold.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import {
  type Client,
  closeFronts,
  connectTo,
  type Front,
  record,
  startFront,
  until,
} from '../support/front.ts';
import type { Pipeline } from '../support/pipeline.ts';

afterEach(closeFronts);

type Action =
  | { do: 'send'; frames: number }
  | { do: 'pump' }
  | { do: 'break' }
  | { do: 'takeover' }
  | { do: 'restart' };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('send' as const), frames: fc.integer({ min: 1, max: 8 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'pump' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'break' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'takeover' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
);

/** One session over any number of connections and engines; `sent` is what its owner has given it so far. */
class Owner {
  front!: Front;
  client: Client | null = null;
  next = 0;
  acked = 0;
  readonly journals: Pipeline[] = [];

  async start(): Promise<void> {
    const last = this.journals.at(-1);
    this.front = await startFront(last === undefined ? {} : { before: last });
    // The journal goes on where the run before left it.
    if (last !== undefined) this.front.pipeline.groups.push(...last.groups);
    this.front.pipeline.auto = false;
    this.journals.push(this.front.pipeline);
  }

  async connect(): Promise<void> {
    const client = connectTo(this.front, '?session=model');
    await client.opened;
    this.client = client;
    // Hello may wait for frames of the connection before to be durable.
    this.front.pipeline.auto = true;
    const hello = await client.next();
    this.front.pipeline.auto = false;
    expect(hello.next).toBeGreaterThanOrEqual(this.acked);
    expect(hello.next).toBeLessThanOrEqual(this.next);
    this.acked = hello.next;
    for (let i = hello.next; i < this.next; i++) client.send(record());
  }

  note(): void {
    for (const message of this.client?.seen ?? []) {
      if (message.type === 'ack') this.acked = Math.max(this.acked, message.next);
    }
  }

  async lose(): Promise<void> {
    this.note();
    this.client?.ws.terminate();
    await until(() => this.front.frontend.status().connections === 0);
    this.note();
    this.client = null;
  }

  async act(step: Action): Promise<void> {
    if (step.do === 'restart') {
      await this.lose();
      this.front.close();
      await this.start();
      return;
    }
    if (step.do === 'break') return this.lose();
    if (step.do === 'pump') {
      this.front.pipeline.pump();
      return;
    }
    if (step.do === 'takeover' || this.client === null) await this.connect();
    if (step.do !== 'send') return;
    for (let i = 0; i < step.frames; i++) this.client?.send(record());
    this.next += step.frames;
  }

  async finish(): Promise<void> {
    if (this.next === 0) return;
    await this.connect();
    this.front.pipeline.auto = true;
    await until(() => {
      this.note();
      return this.acked === this.next;
    }, 'everything is acknowledged');
  }
}

test('resume: a session is in the journal once, whole and in order, whatever breaks', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (steps) => {
      const owner = new Owner();
      await owner.start();
      for (const step of steps) await owner.act(step);
      await owner.finish();
      const frames = owner.journals.flatMap((journal) => journal.frames.map((seen) => seen.frame));
      expect(frames).toEqual(Array.from({ length: owner.next }, (_, i) => i));
      const fold = new Fold(() => TELEMETRY_1);
      owner.front.pipeline.recover(fold);
      const row = [...fold.sessions.values()].find(({ session }) => session === 'model');
      expect(row?.next ?? 0).toBe(owner.next);
      expect(fold.sessions.size).toBe(owner.next === 0 ? 0 : 1);
      closeFronts();
    }),
    { numRuns: 25 },
  );
});
