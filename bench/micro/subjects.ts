// Every subject of bench:micro, the whole codec first.

import { canonicalise } from './canonicalise.ts';
import { codec } from './codec.ts';
import { compress } from './compress.ts';
import { crc32c } from './crc32c.ts';
import { journal } from './journal.ts';
import { leaf } from './leaf.ts';
import { parse } from './parse.ts';
import { ring } from './ring.ts';
import type { Subject } from './subject.ts';
import { tree } from './tree.ts';
import { validate } from './validate.ts';

export const SUBJECTS: readonly Subject[] = [
  codec,
  ring,
  parse,
  validate,
  canonicalise,
  leaf,
  tree,
  compress,
  crc32c,
  journal,
];
