// What is noted of refused records beside their entries: the words of the frame's header and the short list by which the
// frontend tells clients. Also the refusals of whole frames that no codec is shown, in one place for both twins:
// codec.crash and schema.unknown.

import { codeNumber, NO_FIELD } from '../engine/codes.ts';
import { MAX_REJECTS_TOLD } from '../engine/limits.ts';
import { FRAME, FRAME_HEADER_BYTES } from '../engine/ring/frame.ts';
import { REJECT_BYTES } from '../engine/ring/layout.ts';
import { headBytes } from '../engine/schema/unknown.ts';
import { skipSpace, trimEnd } from './ascii.ts';
import type { SlabView } from './codec.ts';
import type { EntryWriter } from './entries.ts';

const CRASH = codeNumber('codec.crash');
const UNKNOWN = codeNumber('schema.unknown');

/**
 * Adds one line to the slab's rejects area: at most MAX_REJECTS_TOLD for a frame, none when the area is full (the counts
 * in the header tell the rest). `before` = refused records of this frame so far; `offset` = fault, in the payload.
 */
export function tellReject(
  slab: SlabView,
  before: number,
  frame: number,
  record: number,
  code: number,
  field: number,
  offset: number,
): void {
  const at = slab.rejected * REJECT_BYTES;
  if (before >= MAX_REJECTS_TOLD || at + REJECT_BYTES > slab.rejects.length) return;
  const { rejects } = slab;
  writeWord(rejects, at, frame);
  writeWord(rejects, at + 4, record);
  writeWord(rejects, at + 8, code | (field << 16));
  writeWord(rejects, at + 12, offset);
  slab.rejected++;
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = word >>> (8 * i);
}

/** Writes the words of a frame's header that say what became of its records. */
export function tellCounts(
  header: DataView,
  headerAt: number,
  accepted: number,
  rejected: number,
  refusal: number,
): void {
  header.setUint32(headerAt + FRAME.accepted, accepted, true);
  header.setUint32(headerAt + FRAME.rejected, rejected, true);
  header.setUint32(headerAt + FRAME.refusal, refusal, true);
}

/**
 * Refuses frame number `frame`, whose header is at `headerAt` of the slab's input, as one record `codec.crash` without
 * looking into it: raw = the payload without the white space around it.
 * @returns false when there is no room: nothing was written.
 */
export function refuseCrashed(
  slab: SlabView,
  header: DataView,
  headerAt: number,
  frame: number,
  entries: EntryWriter,
): boolean {
  const { input } = slab;
  const payload = headerAt + FRAME_HEADER_BYTES;
  const payloadEnd = payload + header.getUint32(headerAt + FRAME.bytes, true);
  const start = skipSpace(input, payload, payloadEnd);
  const end = trimEnd(input, start, payloadEnd);
  const stream = header.getUint32(headerAt + FRAME.stream, true);
  entries.frame(header, headerAt, false);
  if (!entries.refused(stream, 0, CRASH, NO_FIELD, input, start, end, start)) return false;
  tellReject(slab, 0, frame, 0, CRASH, NO_FIELD, start - payload);
  tellCounts(header, headerAt, 0, 1, CRASH);
  return true;
}

/**
 * Refuses frame number `frame` as one record `schema.unknown`: raw = its head (engine/schema/unknown.ts) and its exact bytes,
 * which begin at the offset of the fault. A frame of nothing but white space holds no record.
 * @returns false when there is no room: nothing was written.
 */
export function refuseUnknown(
  slab: SlabView,
  header: DataView,
  headerAt: number,
  frame: number,
  entries: EntryWriter,
): boolean {
  const { input } = slab;
  const payload = headerAt + FRAME_HEADER_BYTES;
  const end = payload + header.getUint32(headerAt + FRAME.bytes, true);
  const start = payload + headBytes(input, payload);
  const stream = header.getUint32(headerAt + FRAME.stream, true);
  entries.frame(header, headerAt, false);
  if (skipSpace(input, start, end) === end) {
    if (!entries.frameAlone()) return false;
    tellCounts(header, headerAt, 0, 0, 0);
    return true;
  }
  if (!entries.refused(stream, 0, UNKNOWN, NO_FIELD, input, payload, end, start)) return false;
  tellReject(slab, 0, frame, 0, UNKNOWN, NO_FIELD, start - payload);
  tellCounts(header, headerAt, 0, 1, UNKNOWN);
  return true;
}
