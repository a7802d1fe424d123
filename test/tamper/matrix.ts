// All classes of tampering, and the lakes that they are done to.

import { join } from 'node:path';
import * as zstd from '@bokuweb/zstd-wasm';
import { initCompress } from '../../workers/compress.ts';
import type { LakeName, TamperClass } from './class.ts';
import { FORGED_CLASSES } from './forged-classes.ts';
import { LOG_CLASSES } from './log-classes.ts';
import { OBJECT_CLASSES } from './object-classes.ts';
import { logLake, longLake, objectsLake, type Pristine } from './pristine.ts';
import { Scratch } from './scratch.ts';

export const CLASSES: readonly TamperClass[] = [...OBJECT_CLASSES, ...LOG_CLASSES, ...FORGED_CLASSES];

export type Lakes = Readonly<Record<LakeName, { readonly lake: Pristine; readonly scratches: Scratch[] }>>;

/** Makes each lake below `top`, with so many copies to tamper with. */
export async function makeLakes(top: string, copies: Readonly<Record<LakeName, number>>): Promise<Lakes> {
  await Promise.all([zstd.init(), initCompress()]);
  const made = async (
    name: LakeName,
    build: (folder: string) => Promise<Pristine>,
  ): Promise<Lakes[LakeName]> => {
    const lake = await build(join(top, name));
    const copy = (_: unknown, n: number): Scratch => new Scratch(lake, join(top, `${name}-${n}`));
    return { lake, scratches: Array.from({ length: copies[name] }, copy) };
  };
  return {
    objects: await made('objects', objectsLake),
    log: await made('log', logLake),
    long: await made('long', longLake),
  };
}
