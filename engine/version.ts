// The version of this firn: read from the package it runs from, so that it is written in one place.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Version in the nearest package.json above this file that is firn's. */
export function version(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (name === 'firn-engine') return version;
    } catch {
      // no package.json here: further up
    }
    if (folder === dirname(folder)) return 'unknown';
  }
}
