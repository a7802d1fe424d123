// The task of the seal thread. Everything it needs to know comes with `SealerData` and from the files of the data folder.

import type { MessagePort } from 'node:worker_threads';
import { systemClock } from '../engine/clock.ts';
import { osThread } from '../engine/os-thread.ts';
import { readRegistry } from '../engine/registry.ts';
import { CONTROL, type Ring } from '../engine/ring/layout.ts';
import { openClockQuality } from '../engine/seal/clock-quality.ts';
import { loadKey } from '../engine/seal/key.ts';
import { Orders, runSealer } from '../engine/seal/loop.ts';
import { openSealer } from '../engine/seal/open.ts';
import type { SealerData, SealerMessage } from '../engine/seal/sealer.ts';
import { openSink } from '../engine/sink/open.ts';
import { diskStorage } from '../engine/storage.ts';
import { compress, initCompress } from './compress.ts';

/**
 * Ends when told to close.
 * @throws ConfigError, FatalError, SinkOutage, SinkFault as `openSealer` does; FatalError while it runs.
 */
export async function run(data: SealerData & { ring: Ring; port: MessagePort }): Promise<void> {
  const { ring, port } = data;
  Atomics.store(ring.control, CONTROL.sealTid, osThread());
  const orders = new Orders(port);
  await initCompress();
  const quality = await openClockQuality(data.clock);
  const post = (message: SealerMessage): void => port.postMessage(message);
  try {
    const sealer = await openSealer({
      ...data,
      storage: diskStorage,
      sink: await openSink(data.lake, data.s3, diskStorage),
      registry: readRegistry(diskStorage, data.folders.state),
      key: loadKey(data.keyFolder, false),
      clock: systemClock(ring.positions),
      quality: quality.now,
      compress,
      random: Math.random,
      positions: ring.positions,
      post,
    });
    post({ type: 'ready' });
    await runSealer(sealer, ring.control, orders);
    sealer.close();
  } finally {
    quality.stop();
  }
}
