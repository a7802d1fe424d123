// The public EPCIS corpus that lies beside the checkout, not in it. Tests that need it skip, and say so, where it is not.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// From `test/epcis` or from `dist/test/epcis` up to the folder of package.json, then to its neighbour.
const here = new URL('.', import.meta.url);
const root = existsSync(new URL('../../package.json', here))
  ? new URL('../../', here)
  : new URL('../../../', here);
const folder = new URL('../shared/epcis/', root);

/** True when the corpus is there. */
export const hasCorpus: boolean = existsSync(folder);

/** The bytes of one file of the corpus. */
export function corpusFile(name: string): Uint8Array {
  return readFileSync(fileURLToPath(new URL(name, folder)));
}

/** The lines of a table of the corpus but its head, split into their columns; none where the corpus is not there. */
export function corpusTable(name: string): string[][] {
  if (!hasCorpus) return [];
  const lines = Buffer.from(corpusFile(name)).toString('utf8').split('\n');
  return lines.filter((line, i) => i > 0 && line !== '').map((line) => line.split('\t'));
}

/** Names of the files of one folder of the corpus; none where it is not there. */
export function corpusNames(name: string): string[] {
  if (!hasCorpus) return [];
  return readdirSync(fileURLToPath(new URL(`${name}/`, folder))).map((file) => `${name}/${file}`);
}
