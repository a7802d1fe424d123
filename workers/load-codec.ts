// Which codec runs, and how it is made; tests put one of their own in its place. `auto` is the native codec where it
// loads, else the portable one, and then a note says why: it never happens in silence.

import { ConfigError } from '../engine/errors.ts';
import type { Codec, CreateCodec } from './codec.ts';
import { createNativeCodec, loadNative } from './native.ts';
import { createPortableCodec } from './portable.ts';

export type CodecChoice = 'auto' | 'native' | 'portable';

export interface ChosenCodec {
  readonly name: Codec['name'];
  /** Why it is the portable codec although nobody asked for it; null otherwise. */
  readonly note: string | null;
}

/**
 * Settles which codec runs.
 * @throws ConfigError when the native one is asked for and cannot be had.
 */
export function chooseCodec(choice: CodecChoice): ChosenCodec {
  if (choice === 'portable') return { name: 'portable', note: null };
  const native = loadNative();
  if (native.addon !== null) return { name: 'native', note: null };
  if (choice === 'native') {
    throw new ConfigError(`"codec" is "native", but ${native.reason}; build it with: firn build-native`);
  }
  return { name: 'portable', note: `${native.reason}; firn build-native builds it` };
}

/**
 * How to make the codec of the given name. With `module`, the file URL of a module that exports `createCodec`
 * (CreateCodec), that one instead: fault injection.
 * @throws ConfigError when there is no codec of that name or the module exports none.
 */
export async function loadCodec(name: string, module?: string): Promise<CreateCodec> {
  if (module !== undefined) {
    const loaded: { createCodec?: unknown } = await import(module);
    if (typeof loaded.createCodec !== 'function') throw new ConfigError(`${module} exports no createCodec`);
    return loaded.createCodec as CreateCodec;
  }
  if (name === 'portable') return createPortableCodec;
  if (name === 'native') return createNativeCodec;
  throw new ConfigError(`there is no codec ${JSON.stringify(name)}; there are "native" and "portable"`);
}
