// A pool with real threads for tests: the workers are firn's own (from `dist/`), with a codec that copies and fails on
// markers (copy-codec.mjs); committer and sealer are stubs. Frames go in by `push`, and what comes out is seen twice: by
// the consumer in the ring, and by whoever reads the stub's journal under the group rule.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Pool, type PoolOptions, startPool } from '../../engine/pool.ts';
import { RingConsumer } from '../../engine/ring/consumer.ts';
import { FRAME, FRAME_KIND, FRAME_MODE, frameBytes } from '../../engine/ring/frame.ts';
import { CONTROL, REJECT_BYTES, type Ring, type RingSizes } from '../../engine/ring/layout.ts';
import { RingProducer } from '../../engine/ring/producer.ts';
import type { StreamSpec } from '../../engine/schema/table.ts';
import { ringAt } from './small-ring.ts';

/** One frame as it came out: its number, its code, its bytes as latin-1 text. */
export interface Out {
  readonly frame: number;
  readonly code: number;
  readonly text: string;
}

/** One frame as the frontend sees it when it is durable. */
export interface Answer {
  readonly frame: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly refusal: number;
  /** Codes of its reject summaries. */
  readonly told: readonly number[];
}

export interface PoolRun {
  readonly ring: Ring;
  readonly producer: RingProducer;
  readonly pool: Pool;
  readonly answers: readonly Answer[];
  readonly fatal: readonly Error[];
  readonly restarts: readonly { worker: number; message: string | null }[];
  /** Waits for room, then appends a data frame. */
  push(frame: number, payload: Uint8Array | string, mode?: number): Promise<void>;
  /** Closes the ring and waits until everything is out and answered. */
  drain(): Promise<void>;
  /** What a reader of the journal makes of it: a group without its end is dropped when the next one begins. */
  journaled(): Out[];
  /** Frames that the group rule dropped: written by workers that died before the end of their slab. */
  dropped(): number;
  /** Ends the threads and removes the folder. */
  end(): Promise<void>;
}

export interface PoolRunOptions {
  readonly workers: number;
  readonly sizes: RingSizes;
  readonly start?: number;
  readonly streams?: readonly StreamSpec[];
  /** Default: copy-codec.mjs. */
  readonly codecModule?: string;
  /** Given to the stubs (stub-committer.mjs, stub-sealer.mjs). */
  readonly committer?: object;
  readonly sealer?: object;
  readonly onSealer?: (message: unknown) => void;
  readonly modules?: PoolOptions['modules'];
}

export const SIZES: RingSizes = { slabs: 8, slabBytes: 8192, outputBytes: 16_384, rejectBytes: 1024 };

function support(name: string): string {
  return new URL(`./${name}`, import.meta.url).href;
}

export async function startRun(options: PoolRunOptions): Promise<PoolRun> {
  const ring = ringAt(options.start ?? 0, options.sizes);
  const folder = mkdtempSync(join(tmpdir(), 'firn-pool-'));
  const producer = new RingProducer(ring, options.workers);
  const consumer = new RingConsumer(ring);
  const answers: Answer[] = [];
  const fatal: Error[] = [];
  const restarts: { worker: number; message: string | null }[] = [];
  let waiting: (() => void)[] = [];
  const onNotice = (): void => {
    Atomics.store(ring.control, CONTROL.noticeFlag, 0);
    consumer.release((slab) => readAnswers(slab, answers));
    if (producer.openFrames > 0 && producer.inFlight === 0) producer.publish();
    for (const wake of waiting.splice(0)) wake();
  };
  const pool = await startPool({
    ring,
    workers: options.workers,
    streams: options.streams ?? [],
    codec: 'portable',
    codecModule: options.codecModule ?? support('copy-codec.mjs'),
    committer: { journalFolder: folder, ...options.committer } as unknown as PoolOptions['committer'],
    sealer: { ...options.sealer } as unknown as PoolOptions['sealer'],
    onNotice,
    onSealer: (message) => options.onSealer?.(message),
    onFatal: (error) => {
      fatal.push(error);
      for (const wake of waiting.splice(0)) wake();
    },
    onRestart: (worker, error) => restarts.push({ worker, message: error?.message ?? null }),
    modules: {
      committer: support('stub-committer.mjs'),
      sealer: support('stub-sealer.mjs'),
      ...options.modules,
    },
  }).catch((error) => {
    rmSync(folder, { recursive: true });
    throw error;
  });
  return {
    ring,
    producer,
    pool,
    answers,
    fatal,
    restarts,
    async push(frame, payload, mode = FRAME_MODE.auto) {
      const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
      while (!producer.reserve(frameBytes(bytes.length))) {
        producer.publish();
        const notice = new Promise<void>((resolve) => {
          waiting.push(resolve);
        });
        // Notices are delivered between turns of the event loop only: none can have come since the ring was found full.
        await notice;
        if (fatal[0] !== undefined) throw fatal[0];
      }
      producer.append(FRAME_KIND.data, mode, 1, frame >>> 8, frame, 1e12 + frame, 0, bytes);
    },
    async drain() {
      producer.close();
      await pool.drained();
      onNotice();
    },
    journaled: () => readGroups(readFileSync(join(folder, 'groups'))).outs,
    dropped: () => readGroups(readFileSync(join(folder, 'groups'))).dropped,
    async end() {
      waiting = [];
      await pool.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Walks a durable slab as the frontend does. */
function readAnswers(slab: Parameters<Parameters<RingConsumer['release']>[0]>[0], answers: Answer[]): void {
  const told = new Map<number, number[]>();
  for (let i = 0; i < slab.rejectCount; i++) {
    const at = slab.rejects + REJECT_BYTES * i;
    const frame = slab.view.getUint32(at, true);
    told.set(frame, [...(told.get(frame) ?? []), slab.view.getUint16(at + 8, true)]);
  }
  let at = slab.input;
  for (let i = 0; i < slab.frames; i++) {
    answers.push({
      frame: slab.view.getFloat64(at + FRAME.frame, true),
      accepted: slab.view.getUint32(at + FRAME.accepted, true),
      rejected: slab.view.getUint32(at + FRAME.rejected, true),
      refusal: slab.view.getUint32(at + FRAME.refusal, true),
      told: told.get(i) ?? [],
    });
    at += frameBytes(slab.view.getUint32(at + FRAME.bytes, true));
  }
}

function readGroups(journal: Buffer): { outs: Out[]; dropped: number } {
  let dropped = 0;
  const outs: Out[] = [];
  let open: Out[] | null = null;
  for (let at = 0; at < journal.length; ) {
    const flags = journal.readUInt32LE(at);
    const bytes = journal.readUInt32LE(at + 4);
    const payload = journal.subarray(at + 8, at + 8 + bytes);
    at += 8 + bytes;
    if ((flags & 1) !== 0) {
      dropped += open?.length ?? 0;
      open = [];
    }
    if (open === null) throw new Error('a chunk follows no first chunk');
    open.push(...readEntries(payload));
    if ((flags & 2) === 0) continue;
    outs.push(...open);
    open = null;
  }
  return { outs, dropped };
}

/** Frame and refused entries, checked against each other (entry.ts). */
function readEntries(payload: Buffer): Out[] {
  const outs: Out[] = [];
  let frame = -1;
  for (let at = 0; at < payload.length; at += payload.readUInt32LE(at)) {
    if (payload.readUInt8(at + 4) === 1) {
      frame = payload.readDoubleLE(at + 16);
      if (payload.readUInt32LE(at + 8) !== frame >>> 8) throw new Error(`frame ${frame}: wrong source`);
      if (payload.readDoubleLE(at + 24) !== 1e12 + frame) throw new Error(`frame ${frame}: wrong time`);
      continue;
    }
    const length = payload.readUInt32LE(at + 24);
    outs.push({
      frame,
      code: payload.readUInt16LE(at + 20),
      text: payload.toString('latin1', at + 32, at + 32 + length),
    });
  }
  return outs;
}
