// The scalar codec: frames in, entries out, in plain TypeScript. It runs anywhere and is the reference by which the
// native twin is judged, byte for byte; so it takes each rule from the file that is named after it and adds none.
//
// What stands still between two calls is in the cursor and in the frame's header: the header's accepted and rejected
// words hold the counts so far while a frame is under work.

import { assert } from '../engine/assert.ts';
import { utc } from '../engine/clock.ts';
import { NO_FIELD } from '../engine/codes.ts';
import { FRAME, FRAME_FLAG, FRAME_HEADER_BYTES, FRAME_KIND, frameBytes } from '../engine/ring/frame.ts';
import { type CompiledStream, compileStream } from '../engine/schema/compile.ts';
import type { StreamSpec } from '../engine/schema/table.ts';
import type { Codec, Cursor, SlabView } from './codec.ts';
import { EntryWriter } from './entries.ts';
import { refuseCrashed, tellCounts, tellReject } from './reject.ts';
import { Row } from './row.ts';
import { Split } from './split.ts';
import { Validator } from './validate.ts';

const OK = 0;

/** Makes the portable codec. Tables and zones have passed `checkTable` and `checkZones`. */
export function createPortableCodec(streams: readonly StreamSpec[]): Codec {
  return new PortableCodec(streams);
}

class PortableCodec implements Codec {
  readonly name = 'portable';
  readonly #streams: ReadonlyMap<number, CompiledStream>;
  readonly #entries = new EntryWriter();
  readonly #split = new Split();
  readonly #validator = new Validator();
  readonly #row = new Row();
  /** The JSON string of `received_utc`, and the time it says. */
  readonly #received = new TextEncoder().encode('"1970-01-01T00:00:00.000Z"');
  #receivedMs = 0;

  constructor(streams: readonly StreamSpec[]) {
    this.#streams = new Map(streams.map((spec) => [spec.number, compileStream(spec)]));
  }

  encode(slab: SlabView, cursor: Cursor, out: Uint8Array, begin: (frame: number) => void): number {
    const { input } = slab;
    const header = new DataView(input.buffer, input.byteOffset, input.byteLength);
    const entries = this.#entries;
    entries.open(out, 0);
    while (cursor.frame < slab.frames) {
      begin(cursor.frame);
      if (!this.#frame(slab, header, cursor)) break;
      cursor.offset += frameBytes(header.getUint32(cursor.offset + FRAME.bytes, true));
      cursor.frame++;
      cursor.record = 0;
    }
    return entries.at;
  }

  /** The frame at the cursor. @returns false when the output is full before its end. */
  #frame(slab: SlabView, header: DataView, cursor: Cursor): boolean {
    const at = cursor.offset;
    const start = at + FRAME_HEADER_BYTES;
    const end = start + header.getUint32(at + FRAME.bytes, true);
    assert(end <= slab.bytes, 'a frame lies inside its slab');
    const kind = header.getUint8(at + FRAME.kind);
    if (kind !== FRAME_KIND.data) return this.#entries.control(kind, slab.input, start, end);
    if ((header.getUint8(at + FRAME.flags) & FRAME_FLAG.crash) !== 0) {
      return refuseCrashed(slab, header, at, cursor.frame, this.#entries);
    }

    const number = header.getUint32(at + FRAME.stream, true);
    const stream = this.#streams.get(number);
    assert(stream !== undefined, `stream number ${number} is known`);
    this.#entries.frame(header, at, cursor.record > 0);
    const split = this.#split;
    split.run(slab.input, start, end, header.getUint8(at + FRAME.mode), stream.maxRecords);
    if (split.refusal !== OK) return this.#refuseFrame(slab, header, cursor, number);
    return this.#records(slab, header, cursor, stream);
  }

  /** A frame that could not be split: one refused record. */
  #refuseFrame(slab: SlabView, header: DataView, cursor: Cursor, stream: number): boolean {
    const { refusal, start, end, offset } = this.#split;
    const at = cursor.offset;
    if (!this.#entries.refused(stream, 0, refusal, NO_FIELD, slab.input, start, end, offset)) return false;
    tellReject(slab, 0, cursor.frame, 0, refusal, NO_FIELD, offset - at - FRAME_HEADER_BYTES);
    tellCounts(header, at, 0, 1, refusal);
    return true;
  }

  /** The records of a frame from `cursor.record` on. */
  #records(slab: SlabView, header: DataView, cursor: Cursor, stream: CompiledStream): boolean {
    const { input } = slab;
    const split = this.#split;
    const row = this.#row;
    const entries = this.#entries;
    const at = cursor.offset;
    let accepted = cursor.record === 0 ? 0 : header.getUint32(at + FRAME.accepted, true);
    let rejected = cursor.record === 0 ? 0 : header.getUint32(at + FRAME.rejected, true);
    this.#receivedAt(header.getFloat64(at + FRAME.receivedMs, true));
    while (cursor.record < split.count) {
      const start = split.bounds[2 * cursor.record] as number;
      const end = split.bounds[2 * cursor.record + 1] as number;
      const code = this.#validator.validate(stream, input, start, end, split.wellFormed, row);
      const written =
        code === OK
          ? entries.accepted(stream, input, row, this.#received)
          : entries.refused(stream.number, cursor.record, code, row.field, input, start, end, row.offset);
      if (!written) break;
      if (code === OK) {
        accepted++;
      } else {
        const offset = row.offset - at - FRAME_HEADER_BYTES;
        tellReject(slab, rejected, cursor.frame, cursor.record, code, row.field, offset);
        rejected++;
      }
      cursor.record++;
    }
    tellCounts(header, at, accepted, rejected, OK);
    if (cursor.record < split.count) return false;
    return split.count > 0 || entries.frameAlone();
  }

  /** Makes `#received` say a time, Unix ms. */
  #receivedAt(ms: number): void {
    if (ms === this.#receivedMs) return;
    const text = utc(ms);
    for (let i = 0; i < text.length; i++) this.#received[i + 1] = text.charCodeAt(i);
    this.#receivedMs = ms;
  }
}
