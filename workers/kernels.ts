// Which kernels the work on whole batches uses in this thread: those of the addon where it is built, or none, and then
// TypeScript, node:crypto and WebAssembly do the same. Results are the same bytes either way, but for compressed ones,
// which are another frame of the same content. Every thread has its own choice; those of an engine take over the one of the
// thread that starts them.

import { type Addon, loadNative } from './native.ts';

/** What native/kernels.cc exports. Each throws TypeError or RangeError when given anything but what is said here. */
export interface KernelAddon {
  /** Writes the root of the tree over `leaves` (32 bytes each, at least one) into the 32 bytes of `root`. */
  merkleRoot(leaves: Uint8Array, root: Uint8Array): number;
  /** Writes the leaf hashes of the lines of `body` that end with a line feed, until `leaves` is full. @returns how many. */
  hashLines(body: Uint8Array, leaves: Uint8Array): number;
  /**
   * Goes over the lines of accepted records in `body` as long as they are beyond doubt; `day` = `YYYY-MM-DDT`, `walk` = the
   * bytes of five doubles, LineWalk in native/lines.h. @returns how far it came, in bytes.
   */
  checkLines(body: Uint8Array, day: Uint8Array, walk: Uint8Array): number;
  /**
   * Copies accepted records out of journal entries; `words` = the bytes of twelve doubles, Gathered in native/gather.h.
   * @returns how many; −1 when the entries are not whole or there is no room.
   */
  gather(entries: Uint8Array, lines: Uint8Array, leaves: Uint8Array, words: Uint8Array): number;
  /** Makes what copies all of `from` to `to`, from the place `at` on. */
  copier(to: Uint8Array): (at: number, from: ArrayBuffer | Uint8Array) => void;
  /** CRC-32C of the bytes; missing where the processor has no instruction for it. */
  crc32c?(bytes: Uint8Array): number;
  /** Version of the libzstd that was built in; null where its sources were not there: then the next two are missing. */
  readonly zstd: string | null;
  /** Writes one frame into `frame`. @returns its bytes; −1 when it has no room. */
  compress?(content: Uint8Array, frame: Uint8Array): number;
  /** Writes the content of the frame, `content.length` bytes at most. @returns bytes written; −1 when it cannot. */
  decompress?(frame: Uint8Array, content: Uint8Array): number;
}

/** `auto`: the addon's where it is built. */
export type KernelChoice = 'auto' | 'portable';

let choice: KernelChoice = 'auto';

/** Settles the kernels of this thread, from the next call of any of them on. */
export function useKernels(wanted: KernelChoice): void {
  choice = wanted;
}

/** What was settled in this thread. */
export function kernelChoice(): KernelChoice {
  return choice;
}

/** The addon's kernels, or null when the portable ones are to be used. */
export function nativeKernels(): Addon | null {
  return choice === 'portable' ? null : loadNative().addon;
}

/** What compresses and decompresses in this thread, for people: `native 1.5.7` or `wasm`. */
export function zstdName(): string {
  const version = nativeKernels()?.zstd ?? null;
  return version === null ? 'wasm' : `native ${version}`;
}
