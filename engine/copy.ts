// Copies into shared memory. V8 copies byte by byte where the addresses of both sides do not agree modulo 8, as those of what
// comes from a socket seldom do: 2 to 4 bytes a nanosecond. The addon copies as fast as memory is, after a call.

import { nativeKernels } from '../workers/kernels.ts';

/** From this many bytes on the call is worth it. */
const LARGE = 192;

/** Copies all of `from` to `to`, from the place `at` on, where there is room for it. */
export function copyInto(to: Uint8Array, at: number, from: Uint8Array): void {
  const native = from.length < LARGE ? null : nativeKernels();
  if (native === null) to.set(from, at);
  else native.copy(to, at, from);
}
