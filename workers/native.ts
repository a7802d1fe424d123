// The native codec: `native/` compiled into an addon. Finds and loads it, and gives it the shape of a codec. Whether it
// is there is found out once per thread; why it is not is kept as a sentence for people.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../engine/errors.ts';
import type { StreamSpec } from '../engine/schema/table.ts';
import type { Codec, Cursor, SlabView } from './codec.ts';
import { describeStreams } from './descriptor.ts';
import type { KernelAddon } from './kernels.ts';

type Encode = (
  input: Uint8Array,
  rejects: Uint8Array,
  out: Uint8Array,
  begin: Int32Array | ((frame: number) => void),
) => number;

/** What native/addon.cc exports; the kernels for whole batches among it. */
export interface Addon extends KernelAddon {
  /** Grows with every change of what JavaScript and the addon say to each other. */
  readonly protocol: number;
  /** True when leaves are hashed by the processor's own instructions. */
  readonly shaInstructions: boolean;
  create(descriptor: Uint8Array, state: Int32Array): Encode;
  /** SHA-256 by the portable way, and a number as the codec writes it: for tests. */
  hash(message: Uint8Array, digest: Uint8Array): void;
  numberText(value: number): string;
}

/** The addon, or why there is none. */
export type Loaded = { readonly addon: Addon } | { readonly addon: null; readonly reason: string };

const PROTOCOL = 4;
const HERE = fileURLToPath(import.meta.url);
/** Sources lie one folder below the package, compiled files two. */
const PACKAGE: string = HERE.endsWith('.ts') ? dirname(dirname(HERE)) : dirname(dirname(dirname(HERE)));
const FILE: string = join(PACKAGE, 'native/build/Release/firn.node');

let loaded: Loaded | null = null;

/** Loads the addon, the first time it is asked. */
export function loadNative(): Loaded {
  loaded ??= load();
  return loaded;
}

function load(): Loaded {
  try {
    const addon: Addon = createRequire(import.meta.url)(FILE);
    if (addon.protocol === PROTOCOL) return { addon };
    return { addon: null, reason: 'the native codec was built for another version of firn' };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND') return { addon: null, reason: 'the native codec is not built' };
    return { addon: null, reason: `the native codec does not load: ${message.split('\n')[0]}` };
  }
}

/**
 * Makes the native codec.
 * @throws ConfigError when it is not there.
 */
export function createNativeCodec(streams: readonly StreamSpec[]): Codec {
  const native = loadNative();
  if (native.addon === null) throw new ConfigError(`${native.reason}: firn build-native`);
  return new NativeCodec(native.addon, streams);
}

/** Words of native/codec.h, State. */
const STATE = { frame: 0, offset: 1, record: 2, bytes: 3, frames: 4, rejected: 5, words: 6 } as const;

class NativeCodec implements Codec {
  readonly name = 'native';
  /** Cursor and slab for the addon, which reads and writes these words: no object crosses the border. */
  readonly #state = new Int32Array(STATE.words);
  readonly #encode: Encode;

  constructor(addon: Addon, streams: readonly StreamSpec[]) {
    this.#encode = addon.create(describeStreams(streams), this.#state);
  }

  encode(slab: SlabView, cursor: Cursor, out: Uint8Array, begin: (frame: number) => void): number {
    const state = this.#state;
    state[STATE.frame] = cursor.frame;
    state[STATE.offset] = cursor.offset;
    state[STATE.record] = cursor.record;
    state[STATE.bytes] = slab.bytes;
    state[STATE.frames] = slab.frames;
    state[STATE.rejected] = slab.rejected;
    try {
      return this.#encode(slab.input, slab.rejects, out, slab.frameWord ?? begin);
    } finally {
      cursor.frame = state[STATE.frame] as number;
      cursor.offset = state[STATE.offset] as number;
      cursor.record = state[STATE.record] as number;
      slab.rejected = state[STATE.rejected] as number;
    }
  }
}
