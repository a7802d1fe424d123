// The never-ending run of the seal thread: seals while there is something to seal, keeps at most one round with the store
// under way beside it, and looks at its messages after each round. With nothing to do it sleeps on the seal bell.

import { setImmediate } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { CONTROL } from '../ring/layout.ts';
import type { Sealer, ToSealer } from './sealer.ts';

/** Ages, checkpoints and retries are looked at this often. */
const LOOK_MS = 100;

/** Listens on a port from the first moment on: what comes before the sealer is open is kept. */
export class Orders {
  drainWithinMs: number | null = null;
  closed = false;
  #resend = false;
  #wake: () => void = () => {};

  constructor(port: MessagePort) {
    port.on('message', (message: ToSealer) => {
      if (message.type === 'close') this.closed = true;
      else if (message.type === 'resend') this.#resend = true;
      else this.drainWithinMs = message.withinMs;
      this.#wake();
    });
  }

  /** Whether a `resend` has come since the last call. */
  takeResend(): boolean {
    const asked = this.#resend;
    this.#resend = false;
    return asked;
  }

  /** Resolves at the next message. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Runs until told to close. What `seal` or `publish` throws ends it. */
export async function runSealer(sealer: Sealer, control: Int32Array, orders: Orders): Promise<void> {
  let publishing: Promise<void> | null = null;
  let failed: { error: unknown } | null = null;
  while (!orders.closed) {
    const heard = Atomics.load(control, CONTROL.sealBell);
    if (orders.drainWithinMs !== null) sealer.beginDrain(orders.drainWithinMs);
    if (orders.takeResend()) sealer.resend();
    const busy = sealer.seal();
    let published = false;
    publishing ??= sealer.publish().then(
      (done) => {
        published = done;
        publishing = null;
      },
      (error: unknown) => {
        failed = { error };
      },
    );
    // Lets messages in, and a round with a store that answers at once come to its end.
    await setImmediate();
    if (failed !== null) throw (failed as { error: unknown }).error;
    if (!busy && !published) await sleep(control, heard, orders, publishing);
  }
  // Nothing is under way any more when the run is over.
  if (publishing !== null) await publishing;
  if (failed !== null) throw (failed as { error: unknown }).error;
}

async function sleep(
  control: Int32Array,
  heard: number,
  orders: Orders,
  publishing: Promise<void> | null,
): Promise<void> {
  const bell = Atomics.waitAsync(control, CONTROL.sealBell, heard, LOOK_MS);
  if (!bell.async) return;
  const wakers: Promise<unknown>[] = [bell.value, orders.next()];
  if (publishing !== null) wakers.push(publishing);
  await Promise.race(wakers);
}
