// The worker's loop: claim a slab, encode it, publish its chunk. The ring around it is filled and emptied by the bench,
// which takes chunks as the committer does; what that costs is in the ring's own stage.

import { KIB } from '../../engine/limits.ts';
import { NO_SLAB, RingWorker } from '../../engine/ring/claim.ts';
import { RingConsumer } from '../../engine/ring/consumer.ts';
import { FRAME_KIND, FRAME_MODE, frameBytes } from '../../engine/ring/frame.ts';
import { CONTROL, createRing, type Ring, SLAB, slabWord } from '../../engine/ring/layout.ts';
import { RingProducer } from '../../engine/ring/producer.ts';
import type { Codec } from '../../workers/codec.ts';
import { SlabEncoder } from '../../workers/encode.ts';
import { loadCodec } from '../../workers/load-codec.ts';
import { framesOf, STREAM } from '../micro/slabs.ts';
import { makeWorkload } from '../workload.ts';
import { type Running, STEP_FRAMES, type Stage } from './stage.ts';

// An output area that takes a slab in one chunk: nobody else is there to take a first one.
const SIZES = { slabs: 8, slabBytes: 256 * KIB, outputBytes: 1024 * KIB, rejectBytes: 64 * KIB };
const RECEIVED_MS = Date.UTC(2026, 10, 20, 12, 0, 0);

export function workerStage(codec: Codec['name']): Stage {
  return {
    name: `worker-${codec}`,
    owner: 'firn',
    about: `the worker's loop over slabs of single records, ${codec} codec`,
    async prepare() {
      const create = await loadCodec(codec);
      return run(await create([STREAM]));
    },
  };
}

function run(codec: Codec): Running {
  const payloads = framesOf(makeWorkload({ count: STEP_FRAMES }).records, { records: 1, form: 'lines' });
  const ring = createRing(SIZES);
  const producer = new RingProducer(ring, 1);
  const worker = new RingWorker(ring, 0);
  const encoder = new SlabEncoder(ring, worker, codec);
  const consumer = new RingConsumer(ring);
  const visit = (): void => {};
  const work = (): void => {
    producer.publish();
    for (let slab = worker.claim(); slab !== NO_SLAB; slab = worker.claim()) {
      encoder.encode(slab);
      takeChunk(ring, slab);
    }
    consumer.release(visit);
  };
  return {
    frames: STEP_FRAMES,
    step(done) {
      for (let i = 0; i < payloads.length; i++) {
        const payload = payloads[i] as Buffer;
        if (!producer.reserve(frameBytes(payload.length))) {
          work();
          producer.reserve(frameBytes(payload.length));
        }
        producer.append(FRAME_KIND.data, FRAME_MODE.auto, STREAM.number, 1, i, RECEIVED_MS, 0, payload);
      }
      work();
      done();
    },
  };
}

/** What the committer does to the ring once a slab is in the journal. */
function takeChunk({ control }: Ring, slab: number): void {
  const chunk = Atomics.load(control, slabWord(slab, SLAB.chunk));
  if (Atomics.load(control, slabWord(slab, SLAB.chunkLast)) !== chunk)
    throw new Error('a slab took two chunks');
  Atomics.store(control, slabWord(slab, SLAB.taken), chunk);
  Atomics.add(control, CONTROL.durable, 1);
}
