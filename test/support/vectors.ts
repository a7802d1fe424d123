// Public test vectors that lie beside the checkout, not in it. Tests that need them skip, and say so, where they are not.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// From `test/support` or from `dist/test/support` up to the folder of package.json, then to its neighbour.
const here = new URL('.', import.meta.url);
const root = existsSync(new URL('../../package.json', here))
  ? new URL('../../', here)
  : new URL('../../../', here);
const folder = new URL('../shared/vectors/', root);

/** True when the vectors are there. */
export const hasVectors: boolean = existsSync(folder);

/** Names of the files of one folder of vectors; none when the vectors are not there. */
export function vectorNames(name: string): string[] {
  return hasVectors ? readdirSync(fileURLToPath(new URL(`${name}/`, folder))).sort() : [];
}

/** The bytes of one vector. */
export function vector(name: string): Uint8Array {
  return readFileSync(fileURLToPath(new URL(name, folder)));
}
