// A disk that fails once, at a call that the test names, and keeps a trace of all calls. A failed call either did nothing
// ("not done"), or did all of it and reported a failure all the same ("done"); a write may also stop in the middle
// ("torn"). After either, the caller cannot know which it was: that is the point.

import type { Storage } from '../../engine/storage.ts';

export type StorageCall = keyof Storage;

/** Calls that change what is on disk. */
export const CHANGING_CALLS: readonly StorageCall[] = [
  'create',
  'write',
  'truncate',
  'datasync',
  'sync',
  'syncFolder',
  'rename',
  'link',
  'unlink',
  'mkdir',
];

/**
 * Fails call number `call` (from 1) of `kind`; 'change' counts all changing kinds together, 'any' all calls but close,
 * 'every' really all.
 */
export interface Fault {
  readonly kind: StorageCall | 'change' | 'any' | 'every';
  readonly call: number;
  readonly how: 'not done' | 'done' | 'torn';
  /** errno name, default EIO. */
  readonly code?: string;
}

export interface TracedCall {
  readonly kind: StorageCall;
  /** What the call was about: its first argument (a path, or a descriptor). */
  readonly on: string | number;
}

export interface FaultyStorage {
  readonly storage: Storage;
  readonly trace: TracedCall[];
  /** True once the fault was injected. */
  readonly failed: () => boolean;
}

/** Wraps `inner`. `observe` runs before each call. */
export function faultyStorage(
  inner: Storage,
  fault: Fault | null,
  observe: (call: TracedCall) => void = () => {},
): FaultyStorage {
  const trace: TracedCall[] = [];
  let matching = 0;
  let failed = false;

  function hits(kind: StorageCall): boolean {
    if (fault === null) return false;
    const counts =
      fault.kind === kind ||
      fault.kind === 'every' ||
      (fault.kind === 'change' && CHANGING_CALLS.includes(kind)) ||
      (fault.kind === 'any' && kind !== 'close');
    if (counts) matching++;
    return counts && matching === fault.call;
  }

  function around(kind: StorageCall, args: readonly unknown[]): unknown {
    const call = { kind, on: args[0] as string | number };
    trace.push(call);
    observe(call);
    const run = inner[kind] as (...values: readonly unknown[]) => unknown;
    if (!hits(kind)) return run(...args);
    failed = true;
    const { how, code = 'EIO' } = fault as Fault;
    if (how === 'done') run(...args);
    else if (how === 'torn' && kind === 'write') tearWrite(inner, args);
    throw Object.assign(new Error(`${code}: injected, ${kind}`), { code, syscall: kind });
  }

  const storage = Object.fromEntries(
    Object.keys(inner).map((kind) => [kind, (...args: unknown[]) => around(kind as StorageCall, args)]),
  ) as unknown as Storage;
  return { storage, trace, failed: () => failed };
}

/** Writes the first half of the bytes. */
function tearWrite(inner: Storage, args: readonly unknown[]): void {
  const [fd, parts, offset] = args as [number, readonly Uint8Array[], number];
  const whole = Buffer.concat(parts);
  inner.write(fd, [whole.subarray(0, whole.length >> 1)], offset);
}
