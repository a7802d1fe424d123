// The task of a codec worker: one never-ending run that loops on the ring until the ring is closed and empty. It keeps
// the thread to itself (the loop is synchronous), so nothing else of this thread runs while a slab is in its hands.

import { osThread } from '../engine/os-thread.ts';
import { NO_SLAB, RingWorker } from '../engine/ring/claim.ts';
import { CONTROL, type Ring } from '../engine/ring/layout.ts';
import type { StreamSpec } from '../engine/schema/table.ts';
import type { Codec } from './codec.ts';
import { SlabEncoder } from './encode.ts';
import { loadCodec } from './load-codec.ts';

/** What the pool gives to a codec worker. */
export interface WorkerData {
  readonly ring: Ring;
  /** Its number among the workers, from 0. */
  readonly worker: number;
  readonly streams: readonly StreamSpec[];
  readonly codec: Codec['name'];
  /** File URL of a module that exports `createCodec`, in place of the named codec. */
  readonly codecModule?: string;
}

/** Resolves when the ring is closed and nothing is left to claim. Whatever the codec throws ends the run. */
export async function run(data: WorkerData): Promise<void> {
  const createCodec = await loadCodec(data.codec, data.codecModule);
  const codec = await createCodec(data.streams);
  const worker = new RingWorker(data.ring, data.worker);
  const encoder = new SlabEncoder(data.ring, worker, codec);
  Atomics.store(data.ring.control, CONTROL.workerTid + data.worker, osThread());
  worker.started();
  for (let slab = worker.next(); slab !== NO_SLAB; slab = worker.next()) encoder.encode(slab);
}
