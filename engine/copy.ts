// Copies into shared memory. V8 copies byte by byte where the addresses of both sides do not agree modulo 8, as those of what
// comes from a socket seldom do, at 2 to 4 bytes a nanosecond; and it needs a view of an ArrayBuffer, which is garbage at once.
// The addon needs neither.

import { nativeKernels } from '../workers/kernels.ts';

/** Copies all of `from` to the place `at` of some memory, where there is room for it. */
export type Copy = (at: number, from: ArrayBuffer | Uint8Array) => void;

/** What copies into `to`. */
export function copierInto(to: Uint8Array): Copy {
  const native = nativeKernels();
  if (native !== null) return native.copier(to);
  return (at, from) => to.set(from instanceof ArrayBuffer ? new Uint8Array(from) : from, at);
}
