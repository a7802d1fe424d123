// Where the package lies, sources one folder below it, compiled files two; and where reports go.

import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(import.meta.url);

/** Absolute path of the folder that holds package.json. */
export const ROOT: string = HERE.endsWith('.ts') ? dirname(dirname(HERE)) : dirname(dirname(dirname(HERE)));

/** Where reports go that are not sent elsewhere. An installed package is not written to: then a folder where one stands. */
export const RESULTS: string =
  basename(dirname(ROOT)) === 'node_modules' ? resolve('firn-bench') : join(ROOT, 'dist/bench/results');
