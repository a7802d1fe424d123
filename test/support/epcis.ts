// The public EPCIS documents that lie beside the checkout, not in it. Tests that need them skip, and say so, without.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = new URL('.', import.meta.url);
const root = existsSync(new URL('../../package.json', here))
  ? new URL('../../', here)
  : new URL('../../../', here);
const folder = new URL('../shared/epcis/', root);

/** True when the documents are there. */
export const hasCorpus: boolean = existsSync(folder);

/** Paths of all files within it that the pattern takes; none without it. */
export function corpusFiles(pattern: RegExp): string[] {
  if (!hasCorpus) return [];
  const names = readdirSync(fileURLToPath(folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => pattern.test(name)).sort();
}

/** The bytes of one file. */
export function corpusFile(name: string): Uint8Array {
  return readFileSync(fileURLToPath(new URL(encodeURI(name), folder)));
}
