// Where the package lies: sources are one folder below it, compiled files two.

import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(import.meta.url);

/** Absolute path of the folder that holds package.json. */
export const ROOT: string = HERE.endsWith('.ts') ? dirname(dirname(HERE)) : dirname(dirname(dirname(HERE)));
