// The task of the commit thread: one never-ending, synchronous run. Its thread has nothing else to do.

import type { MessagePort } from 'node:worker_threads';
import { systemClock } from '../engine/clock.ts';
import { Committer, type CommitterData } from '../engine/commit/committer.ts';
import { osThread } from '../engine/os-thread.ts';
import { CONTROL, type Ring } from '../engine/ring/layout.ts';
import { diskStorage } from '../engine/storage.ts';

/** Ends when the ring is closed and everything in it is durable. FatalError when the journal fails. */
export function run(data: CommitterData & { ring: Ring; port: MessagePort }): void {
  const { ring, port } = data;
  Atomics.store(ring.control, CONTROL.commitTid, osThread());
  const clock = systemClock(ring.positions);
  // A port delivers without this thread's event loop, which never gets to run.
  new Committer({ ring, data, storage: diskStorage, clock, notify: () => port.postMessage(0) }).run();
}
