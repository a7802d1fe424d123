// The ring between real threads: workers of the pool, a committer, and this thread at both of its own ends.

import { afterEach, describe, expect, test } from 'vitest';
import { codeNumber } from '../../engine/codes.ts';
import { FRAME_MODE } from '../../engine/ring/frame.ts';
import { CONTROL } from '../../engine/ring/layout.ts';
import { seeded } from '../crash/random.ts';
import { type PoolRun, SIZES, startRun } from '../support/pool-run.ts';

const REFUSED = codeNumber('json.syntax');
const UNKNOWN = codeNumber('schema.unknown');

let run: PoolRun | null = null;

afterEach(async () => {
  await run?.end();
  run = null;
});

describe('ring between threads', () => {
  test.each([
    { workers: 1, frames: 30_000, start: 0xffff_ffe0 },
    { workers: 3, frames: 60_000, start: 0x7fff_ffe0 },
  ])(
    'ring: $frames frames pass $workers workers, each exactly once and in order',
    async ({ workers, frames, start }) => {
      run = await startRun({ workers, sizes: SIZES, start });
      const next = seeded(workers);
      const random = (below: number): number => Math.floor(next() * below);
      const sent: string[] = [];
      for (let frame = 0; frame < frames; frame++) {
        const text = `${frame}:`.padEnd(random(200), 'x');
        sent.push(text);
        await run.push(frame, text);
        // Slabs of every filling, and moments at which all workers sleep.
        if (random(50) === 0) run.producer.publish();
      }
      await run.drain();
      expect(run.answers.map((answer) => answer.frame)).toEqual(sent.map((_, frame) => frame));
      expect(run.answers.every((answer) => answer.rejected === 1 && answer.refusal === REFUSED)).toBe(true);
      const journaled = run.journaled();
      expect(journaled.map((out) => out.frame)).toEqual(sent.map((_, frame) => frame));
      expect(journaled.every((out, i) => out.text === sent[i])).toBe(true);
      expect(run.producer.inFlight).toBe(0);
      // The counters went past the place where they wrap, and every worker ended awake.
      const published = run.ring.control[CONTROL.published] as number;
      expect(Math.sign(published)).not.toBe(Math.sign(start | 0));
      expect(run.ring.control.slice(CONTROL.workerIdle, CONTROL.workerIdle + workers)).toEqual(
        new Int32Array(workers),
      );
      expect(run.fatal).toEqual([]);
      expect(run.pool.restarts).toBe(0);
    },
  );

  test('ring: a slab whose output is many times its output area goes through in chunks', async () => {
    // Empty frames: 48 bytes in, 64 bytes out; the output area holds three at a time.
    run = await startRun({
      workers: 2,
      sizes: { slabs: 4, slabBytes: 4096, outputBytes: 200, rejectBytes: 64 },
    });
    for (let frame = 0; frame < 2000; frame++) await run.push(frame, '');
    await run.drain();
    expect(run.journaled().map((out) => out.frame)).toEqual(
      Array.from({ length: 2000 }, (_, frame) => frame),
    );
    expect(run.answers.length).toBe(2000);
  });

  test('ring: frames of unknown schema pass between those of the codec, chunk by chunk, and never reach it', async () => {
    run = await startRun({
      workers: 2,
      sizes: { slabs: 4, slabBytes: 4096, outputBytes: 400, rejectBytes: 4096 },
    });
    const head = 'tank/9 tank/1\n';
    const texts = Array.from({ length: 600 }, (_, frame) => {
      if (frame % 3 === 0) return 'copied';
      // On this word the codec would throw; white space alone is no record.
      return frame % 3 === 1 ? `${head}${'THROW'.repeat(1 + (frame % 40))}` : `${head} \t\r\n`;
    });
    for (const [frame, text] of texts.entries()) {
      await run.push(frame, text, frame % 3 === 0 ? FRAME_MODE.auto : FRAME_MODE.unknown);
    }
    await run.drain();
    expect(run.pool.restarts).toBe(0);
    expect(run.answers.map(({ rejected, refusal }) => [rejected, refusal])).toEqual(
      texts.map(
        (_, frame) =>
          [
            [1, REFUSED],
            [1, UNKNOWN],
            [0, 0],
          ][frame % 3],
      ),
    );
    const told = run.answers.filter(({ told }) => told[0] === UNKNOWN);
    expect(told.map(({ frame }) => frame)).toEqual(
      texts.flatMap((_, frame) => (frame % 3 === 1 ? frame : [])),
    );
    const journaled = run.journaled().filter(({ frame }) => frame % 3 === 1);
    expect(journaled.map(({ text }) => text)).toEqual(texts.filter((_, frame) => frame % 3 === 1));
    expect(journaled.every(({ code }) => code === UNKNOWN)).toBe(true);
  });

  test('ring: workers share the slabs', async () => {
    run = await startRun({ workers: 2, sizes: SIZES });
    for (let frame = 0; frame < 40; frame++) {
      // Each takes 20 ms: nobody is fast enough to do them all.
      await run.push(frame, 'BUSY');
      run.producer.publish();
    }
    await run.drain();
    const [a, b] = run.ring.control.slice(CONTROL.workerSlabs) as unknown as [number, number];
    expect(a + b).toBe(40);
    expect(Math.min(a, b)).toBeGreaterThan(0);
  });
});
