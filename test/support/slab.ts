// A slab as a codec sees it, made from frames, and what a codec wrote taken apart again: for tests that call a codec
// without a ring.

import { type Code, codeName } from '../../engine/codes.ts';
import {
  ACCEPTED,
  CONTROL_ENTRY,
  ENTRY,
  ENTRY_FLAG,
  ENTRY_KIND,
  FRAME_ENTRY,
  REFUSED,
} from '../../engine/journal/entry.ts';
import { FRAME, FRAME_HEADER_BYTES, FRAME_KIND, FRAME_MODE, frameBytes } from '../../engine/ring/frame.ts';
import { REJECT_BYTES } from '../../engine/ring/layout.ts';
import type { Codec, Cursor, SlabView } from '../../workers/codec.ts';

export interface FrameInput {
  readonly payload: string | Uint8Array;
  readonly kind?: number;
  readonly mode?: number;
  readonly flags?: number;
  readonly stream?: number;
  readonly source?: number;
  readonly frame?: number;
  readonly receivedMs?: number;
}

export interface AcceptedOutput {
  readonly line: string;
  readonly leaf: string;
  readonly timestamp: string;
  readonly seconds: number;
  readonly nanos: number;
  readonly excursion: boolean;
}

export interface RefusedOutput {
  readonly record: number;
  readonly code: Code;
  readonly field: number;
  readonly offset: number;
  readonly raw: Uint8Array;
}

export interface FrameOutput {
  readonly source: number;
  readonly stream: number;
  readonly frame: number;
  readonly receivedMs: number;
  readonly accepted: AcceptedOutput[];
  readonly refused: RefusedOutput[];
}

export interface ControlOutput {
  readonly kind: number;
  readonly json: string;
}

export interface Reject {
  readonly frame: number;
  readonly record: number;
  readonly code: Code;
  readonly field: number;
  readonly offset: number;
}

/** Everything that encoding a slab gave. `chunks` = how many calls wrote something. */
export interface SlabOutput {
  readonly frames: FrameOutput[];
  readonly controls: ControlOutput[];
  readonly rejects: Reject[];
  readonly counts: { accepted: number; rejected: number; refusal: number }[];
  readonly chunks: number;
}

export const RECEIVED_MS: number = Date.UTC(2026, 0, 31, 23, 59, 59, 7);

/** The frames behind each other in shared memory, as the frontend leaves them; their count words hold rubbish. */
export function slabOf(frames: readonly FrameInput[], rejectLines: number = 1024): SlabView {
  const payloads = frames.map(({ payload }) =>
    typeof payload === 'string' ? Buffer.from(payload) : payload,
  );
  const bytes = payloads.reduce((sum, payload) => sum + frameBytes(payload.length), 0);
  const input = new Uint8Array(new SharedArrayBuffer(bytes));
  const view = new DataView(input.buffer);
  let at = 0;
  for (const [i, frame] of frames.entries()) {
    const payload = payloads[i] as Uint8Array;
    view.setUint32(at + FRAME.bytes, payload.length, true);
    view.setUint8(at + FRAME.kind, frame.kind ?? FRAME_KIND.data);
    view.setUint8(at + FRAME.mode, frame.mode ?? FRAME_MODE.auto);
    view.setUint8(at + FRAME.flags, frame.flags ?? 0);
    view.setUint32(at + FRAME.stream, frame.stream ?? 1, true);
    view.setUint32(at + FRAME.source, frame.source ?? 1, true);
    view.setFloat64(at + FRAME.frame, frame.frame ?? i, true);
    view.setFloat64(at + FRAME.receivedMs, frame.receivedMs ?? RECEIVED_MS, true);
    view.setUint32(at + FRAME.accepted, 0xdeadbeef, true);
    view.setUint32(at + FRAME.rejected, 0xdeadbeef, true);
    view.setUint32(at + FRAME.refusal, 0xdeadbeef, true);
    input.set(payload, at + FRAME_HEADER_BYTES);
    at += frameBytes(payload.length);
  }
  const rejects = new Uint8Array(new SharedArrayBuffer(rejectLines * REJECT_BYTES));
  return { input, rejects, bytes, frames: frames.length, rejected: 0 };
}

/** Encodes a slab through output areas of `outBytes` bytes that are full of rubbish, and reads what came out. */
export function encodeSlab(codec: Codec, slab: SlabView, outBytes: number = 1 << 20): SlabOutput {
  const out = new Uint8Array(new SharedArrayBuffer(outBytes));
  const cursor: Cursor = { frame: 0, offset: 0, record: 0 };
  const frames: FrameOutput[] = [];
  const controls: ControlOutput[] = [];
  let chunks = 0;
  while (cursor.frame < slab.frames) {
    out.fill(0xaa);
    const bytes = codec.encode(slab, cursor, out, () => {});
    if (bytes === 0) throw new Error('the codec stands still');
    readChunk(out.slice(0, bytes), frames, controls);
    chunks++;
  }
  return { frames, controls, rejects: readRejects(slab), counts: readCounts(slab), chunks };
}

function readChunk(chunk: Uint8Array, frames: FrameOutput[], controls: ControlOutput[]): void {
  const view = new DataView(chunk.buffer);
  let current: FrameOutput | null = null;
  for (let at = 0; at < chunk.length; at += view.getUint32(at + ENTRY.bytes, true)) {
    const kind = view.getUint8(at + ENTRY.kind);
    if (kind === ENTRY_KIND.frame) current = readFrame(view, at, frames);
    else if (kind === ENTRY_KIND.accepted) current?.accepted.push(readAccepted(chunk, view, at));
    else if (kind === ENTRY_KIND.refused) current?.refused.push(readRefused(chunk, view, at));
    else {
      const length = view.getUint32(at + CONTROL_ENTRY.jsonBytes, true);
      controls.push({ kind, json: text(chunk, at + CONTROL_ENTRY.json, length) });
    }
    if (kind <= ENTRY_KIND.refused && current === null)
      throw new Error('a record entry without a frame entry');
  }
}

function readFrame(view: DataView, at: number, frames: FrameOutput[]): FrameOutput {
  if ((view.getUint8(at + ENTRY.flags) & ENTRY_FLAG.continued) !== 0) {
    const last = frames.at(-1);
    if (last === undefined || last.frame !== view.getFloat64(at + FRAME_ENTRY.frame, true)) {
      throw new Error('a frame goes on that was not under way');
    }
    return last;
  }
  const frame: FrameOutput = {
    source: view.getUint32(at + FRAME_ENTRY.source, true),
    stream: view.getUint32(at + FRAME_ENTRY.stream, true),
    frame: view.getFloat64(at + FRAME_ENTRY.frame, true),
    receivedMs: view.getFloat64(at + FRAME_ENTRY.receivedMs, true),
    accepted: [],
    refused: [],
  };
  frames.push(frame);
  return frame;
}

function readAccepted(chunk: Uint8Array, view: DataView, at: number): AcceptedOutput {
  const lineBytes = view.getUint32(at + ACCEPTED.lineBytes, true);
  const offset = view.getUint32(at + ACCEPTED.timestampOffset, true) & 0xffffff;
  return {
    line: text(chunk, at + ACCEPTED.line, lineBytes),
    leaf: Buffer.from(chunk.slice(at + ACCEPTED.leaf, at + ACCEPTED.prefix)).toString('hex'),
    timestamp: text(chunk, at + ACCEPTED.line + offset, view.getUint8(at + ACCEPTED.timestampLength)),
    seconds: view.getFloat64(at + ACCEPTED.seconds, true),
    nanos: view.getUint32(at + ACCEPTED.nanos, true),
    excursion: (view.getUint8(at + ENTRY.flags) & ENTRY_FLAG.excursion) !== 0,
  };
}

function readRefused(chunk: Uint8Array, view: DataView, at: number): RefusedOutput {
  const rawBytes = view.getUint32(at + REFUSED.rawBytes, true);
  return {
    record: view.getUint32(at + REFUSED.record, true),
    code: codeName(view.getUint16(at + REFUSED.code, true)),
    field: view.getUint16(at + REFUSED.field, true),
    offset: view.getUint32(at + REFUSED.offset, true),
    raw: chunk.slice(at + REFUSED.raw, at + REFUSED.raw + rawBytes),
  };
}

function readRejects(slab: SlabView): Reject[] {
  const view = new DataView(slab.rejects.buffer);
  return Array.from({ length: slab.rejected }, (_, i) => ({
    frame: view.getUint32(i * REJECT_BYTES, true),
    record: view.getUint32(i * REJECT_BYTES + 4, true),
    code: codeName(view.getUint16(i * REJECT_BYTES + 8, true)),
    field: view.getUint16(i * REJECT_BYTES + 10, true),
    offset: view.getUint32(i * REJECT_BYTES + 12, true),
  }));
}

function readCounts(slab: SlabView): { accepted: number; rejected: number; refusal: number }[] {
  const view = new DataView(slab.input.buffer);
  const counts = [];
  for (let i = 0, at = 0; i < slab.frames; i++) {
    counts.push({
      accepted: view.getUint32(at + FRAME.accepted, true),
      rejected: view.getUint32(at + FRAME.rejected, true),
      refusal: view.getUint32(at + FRAME.refusal, true),
    });
    at += frameBytes(view.getUint32(at + FRAME.bytes, true));
  }
  return counts;
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return Buffer.from(bytes.slice(at, at + length)).toString('utf8');
}
