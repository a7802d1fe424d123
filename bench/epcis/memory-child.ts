// Judges one document from disk and prints what it found and its resident memory at the highest, as JSON.
// node dist/bench/epcis/memory-child.js FILE FORM

import { readDocument } from '../../engine/capture/read-document.ts';
import { READ_LIMITS } from '../../engine/epcis/model.ts';
import { createReader } from '../../engine/epcis/read.ts';
import type { Form } from './documents.ts';
import { Judging, mediaTypeOf } from './judging.ts';

const [path = '', form = ''] = process.argv.slice(2);
const fault = ({ code, detail }: { code: string; detail: string }): never => {
  throw new Error(`${code} ${detail}`);
};
const mediaType = mediaTypeOf(form as Form);
const began = performance.now();
const head = await readDocument(path, createReader(mediaType, { event: null, fault }, READ_LIMITS));
if (head === null) throw new Error('no head');
const judging = new Judging(head);
await readDocument(path, createReader(mediaType, { event: judging.take, fault }, READ_LIMITS));
const { events, rows } = judging.answer();
const seconds = (performance.now() - began) / 1000;
console.log(JSON.stringify({ events, rows, rssMib: process.resourceUsage().maxRSS / 1024, seconds }));
