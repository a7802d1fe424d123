// Which codec a worker runs, found by name; tests put one of their own in its place.

import { ConfigError } from '../engine/errors.ts';
import type { CreateCodec } from './codec.ts';
import { createPortableCodec } from './portable.ts';

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
  if (name !== 'portable')
    throw new ConfigError(`there is no codec ${JSON.stringify(name)}; there is "portable"`);
  return createPortableCodec;
}
