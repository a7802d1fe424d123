// Threads that die at any moment: codec workers are replaced and nothing is lost or doubled; the end of committer or
// sealer is a fault that nobody can overlook.

import { afterEach, describe, expect, test } from 'vitest';
import { codeNumber } from '../../engine/codes.ts';
import { ConfigError, FatalError } from '../../engine/errors.ts';
import { MAX_WORKER_DEATHS } from '../../engine/limits.ts';
import { CONTROL } from '../../engine/ring/layout.ts';
import type { StreamSpec } from '../../engine/schema/table.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import { seeded } from '../crash/random.ts';
import { type PoolRun, SIZES, startRun } from '../support/pool-run.ts';

const REFUSED = codeNumber('json.syntax');
const CRASH = codeNumber('codec.crash');

let run: PoolRun | null = null;

afterEach(async () => {
  await run?.end();
  run = null;
});

/** `data:` URL of a module. */
function moduleOf(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

/** Resolves when the pool has called onFatal. */
async function fatalOf(current: PoolRun): Promise<Error> {
  await expect(current.pool.drained()).rejects.toThrow();
  expect(current.fatal).toHaveLength(1);
  return current.fatal[0] as Error;
}

describe('death of a codec worker', () => {
  test.each([
    { marker: 'THROW', message: 'the codec met its marker' },
    { marker: 'EXIT', message: 'worker exited with code: 3' },
    { marker: 'WEDGE', message: 'assertion: the codec fills an empty output with at least one entry' },
  ])(
    'worker death: a frame on which the codec ends by $marker is refused as codec.crash, its neighbours go through',
    async ({ marker, message }) => {
      run = await startRun({ workers: 2, sizes: SIZES });
      const texts = ['a', 'bb', `${marker} and more`, 'dddd', `${marker}2`, 'f'];
      for (const [frame, text] of texts.entries()) await run.push(frame, text);
      await run.drain();
      const codes = [REFUSED, REFUSED, CRASH, REFUSED, CRASH, REFUSED];
      expect(run.journaled()).toEqual(texts.map((text, frame) => ({ frame, code: codes[frame], text })));
      expect(run.answers).toEqual(
        codes.map((code, frame) => ({
          frame,
          accepted: 0,
          rejected: 1,
          refusal: code,
          told: code === CRASH ? [CRASH] : [],
        })),
      );
      // Twice for each of the two frames, no more.
      expect(run.restarts.map((restart) => restart.message)).toEqual([message, message, message, message]);
      expect(run.pool.restarts).toBe(4);
      expect(run.fatal).toEqual([]);
    },
  );

  test('worker death: with the portable codec too, only the frame that kills is refused', async () => {
    const stream: StreamSpec = {
      number: 1,
      stream: 'coldchain',
      table: TELEMETRY_1,
      unknownFields: 'reject',
      zones: null,
      maxRecordsPerFrame: 16_384,
    };
    const codecModule = new URL('../support/failing-codec.mjs', import.meta.url).href;
    run = await startRun({ workers: 2, sizes: SIZES, streams: [stream], codecModule });
    const record = (sensor: string): string =>
      `{"sensor_id":"${sensor}","timestamp_utc":"2026-01-31T23:59:58Z","temperature_c":4.5,"zone_id":"A-1"}`;
    const frames = ['first', 'CODEC-THROW', 'third', 'CODEC-EXIT', 'fifth'];
    for (const [frame, sensor] of frames.entries())
      await run.push(frame, `${record(sensor)}\n${record('another')}`);
    await run.drain();
    expect(run.answers.map(({ accepted, rejected, refusal }) => [accepted, rejected, refusal])).toEqual([
      [2, 0, 0],
      [0, 1, CRASH],
      [2, 0, 0],
      [0, 1, CRASH],
      [2, 0, 0],
    ]);
    expect(run.pool.restarts).toBe(4);
  });

  test('worker death: what a worker had put out of its slab when it died is dropped, and the slab is done again', async () => {
    // The last byte of the rejects area outlives the thread: 0 = nothing done, 1 = two frames are out, 2 = has died.
    const source = `
      import { createCodec as copy } from ${JSON.stringify(new URL('../support/copy-codec.mjs', import.meta.url).href)};
      export function createCodec(streams) {
        const codec = copy(streams);
        const encode = (slab, cursor, out, begin) => {
          const mark = slab.rejects.length - 1;
          if (slab.rejects[mark] === 2) return codec.encode(slab, cursor, out, begin);
          slab.rejects[mark]++;
          if (slab.rejects[mark] === 2) { begin(cursor.frame); process.exit(5); }
          return codec.encode(slab, cursor, out.subarray(0, 150), begin);
        };
        return { ...codec, encode };
      }`;
    run = await startRun({ workers: 1, sizes: SIZES, codecModule: moduleOf(source) });
    for (let frame = 0; frame < 4; frame++) await run.push(frame, `frame ${frame}`);
    await run.drain();
    expect(run.dropped()).toBe(2);
    expect(run.journaled().map((out) => out.text)).toEqual(['frame 0', 'frame 1', 'frame 2', 'frame 3']);
    expect(run.answers.map((answer) => answer.frame)).toEqual([0, 1, 2, 3]);
    expect(run.restarts).toEqual([{ worker: 0, message: 'worker exited with code: 5' }]);
  });

  test('worker death: threads that are ended at any moment lose nothing and double nothing', async () => {
    const workers = 3;
    run = await startRun({ workers, sizes: SIZES, start: 0xffff_ff00 });
    const next = seeded(7);
    const random = (below: number): number => Math.floor(next() * below);
    const frames = 25_000;
    const sent: string[] = [];
    const crashes = new Set<number>();
    const kills: Promise<void>[] = [];
    for (let frame = 0; frame < frames; frame++) {
      let text = `${frame}:`.padEnd(random(200), 'y');
      if (frame % 2500 === 1200) {
        text = frame % 5000 < 2500 ? 'THROW' : 'EXIT';
        crashes.add(frame);
      }
      sent.push(text);
      await run.push(frame, text);
      if (random(100) === 0) run.producer.publish();
      if (random(1000) === 0) kills.push(run.pool.killWorker(random(workers)));
    }
    await Promise.all(kills);
    await run.drain();
    expect(kills.length).toBeGreaterThan(10);
    const journaled = run.journaled();
    expect(journaled.map((out) => out.frame)).toEqual(sent.map((_, frame) => frame));
    expect(journaled.every((out, frame) => out.text === sent[frame])).toBe(true);
    expect(journaled.filter((out) => out.code === CRASH).map((out) => out.frame)).toEqual([...crashes]);
    expect(run.answers.map((answer) => answer.frame)).toEqual(sent.map((_, frame) => frame));
    // Ends that were asked for are told apart from failures, and only failures are held against a frame.
    const failures = run.restarts.filter((restart) => restart.message !== null);
    expect(failures.length).toBeGreaterThanOrEqual(2 * crashes.size);
    expect(run.restarts.length).toBeGreaterThan(failures.length);
    expect(run.fatal).toEqual([]);
  });

  test('worker death: a thread that is ended in its sleep is not taken for idle, and its successor works on', async () => {
    run = await startRun({ workers: 1, sizes: SIZES });
    const idle = (): boolean => Atomics.load(run?.ring.control as Int32Array, CONTROL.workerIdle) === 1;
    while (!idle()) await new Promise(setImmediate);
    const thread = run.ring.control[CONTROL.workerThread];
    await run.pool.killWorker(0);
    await new Promise(setImmediate);
    expect(run.restarts).toEqual([{ worker: 0, message: null }]);
    expect(idle()).toBe(false);
    await run.push(0, 'after');
    await run.drain();
    expect(run.journaled().map((out) => out.text)).toEqual(['after']);
    expect(run.ring.control[CONTROL.workerThread]).not.toBe(thread);
  });

  test('worker death: a worker that can never be loaded makes the start fail', async () => {
    const start = startRun({
      workers: 2,
      sizes: SIZES,
      codecModule: moduleOf('throw new Error("no such codec")'),
    });
    await expect(start).rejects.toThrow(/no such codec/);
    await expect(start).rejects.toBeInstanceOf(FatalError);
  });

  test('worker death: a worker that dies again and again without getting work done is a fault, not an endless loop', async () => {
    run = await startRun({
      workers: 1,
      sizes: SIZES,
      codecModule: moduleOf(`
        export function createCodec() {
          return { name: 'portable', encode() { throw new Error('never begins'); } };
        }`),
    });
    await run.push(0, 'x');
    run.producer.publish();
    const error = await fatalOf(run);
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(/never begins/);
    expect(run.restarts).toHaveLength(MAX_WORKER_DEATHS - 1);
  });
});

describe('death of the other threads', () => {
  test.each([
    { how: 'throws', committer: { failAfter: 2 }, message: 'committer: the disk said no' },
    {
      how: 'exits',
      committer: { failAfter: 2, exit: true },
      message: 'committer: worker exited with code: 9',
    },
  ])(
    'worker death: a committer that $how is fatal, and draining fails with it',
    async ({ committer, message }) => {
      run = await startRun({ workers: 1, sizes: SIZES, committer });
      for (let frame = 0; frame < 3; frame++) {
        await run.push(frame, 'x');
        run.producer.publish();
      }
      const error = await fatalOf(run);
      expect(error).toBeInstanceOf(FatalError);
      expect(error.message).toBe(message);
    },
  );

  test('worker death: a committer that ends before the ring is closed is fatal', async () => {
    // It may end before the workers are ready: then the start itself fails.
    const error = await startRun({ workers: 1, sizes: SIZES, committer: { endEarly: true } }).then(
      (started) => {
        run = started;
        return fatalOf(started);
      },
      (failed: Error) => failed,
    );
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe('committer: it ended before it was told to');
  });

  test.each([
    { fail: 'throw', message: 'sealer: the sealer lost its file' },
    { fail: 'fatal', message: 'the seal journal is torn' },
    { fail: 'exit', message: 'sealer: worker exited with code: 9' },
    { fail: 'later', message: 'sealer: nobody waits for this' },
  ])('worker death: a sealer that fails by $fail is fatal', async ({ fail, message }) => {
    run = await startRun({ workers: 1, sizes: SIZES, sealer: { fail } });
    run.pool.toSealer({ type: 'drain', withinMs: 0 });
    const error = await fatalOf(run);
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(message);
    // Not only while it happens: whoever asks later is told, too.
    await expect(run.pool.drained()).rejects.toBe(error);
  });

  test('worker death: what a sealer finds wrong with the configuration stays a ConfigError across threads', async () => {
    run = await startRun({ workers: 1, sizes: SIZES, sealer: { fail: 'config' } });
    run.pool.toSealer({ type: 'drain', withinMs: 0 });
    const error = await fatalOf(run);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toBe('the lake is ahead of the log');
  });

  test('pool: closed before it is drained, it does not say that it is', async () => {
    run = await startRun({ workers: 1, sizes: SIZES });
    await run.push(0, 'BUSY');
    run.producer.publish();
    const drained = run.pool.drained();
    const refused = expect(drained).rejects.toThrow('before the ring was empty');
    await run.pool.close();
    await refused;
    expect(run.fatal).toEqual([]);
  });

  test('pool: messages go to the sealer and come back, and closing waits for a sealer that was told to close', async () => {
    const messages: unknown[] = [];
    run = await startRun({ workers: 1, sizes: SIZES, onSealer: (message) => messages.push(message) });
    run.pool.toSealer({ type: 'drain', withinMs: 0 });
    run.pool.toSealer({ type: 'close' });
    await run.drain();
    await run.pool.close();
    expect(messages).toEqual([
      { type: 'drained', published: true },
      { type: 'drained', published: false },
    ]);
    expect(run.fatal).toEqual([]);
  });
});
