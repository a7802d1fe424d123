// Writes entries (engine/journal/entry.ts) into an output area. An entry is written whole or not at all; a frame entry is
// written together with the first entry of the frame, so that a chunk never ends between the two and "goes on" always
// means "records of it are out".

import {
  ACCEPTED,
  CONTROL_ENTRY,
  ENTRY,
  ENTRY_FLAG,
  ENTRY_KIND,
  entryBytes,
  FRAME_ENTRY,
  REFUSED,
} from '../engine/journal/entry.ts';
import { FRAME } from '../engine/ring/frame.ts';
import type { CompiledStream } from '../engine/schema/compile.ts';
import { hashLeaf } from './hash.ts';
import type { Row } from './row.ts';

const NOTHING = new Uint8Array(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

/** One output area under work. Made once; `open` gives it the next area. */
export class EntryWriter {
  /** Bytes written so far. */
  at = 0;
  #out: Uint8Array = NOTHING;
  #view: DataView = NO_VIEW;
  #header: DataView = NO_VIEW;
  #headerAt = 0;
  #framePending = false;
  #continued = false;

  /** Starts at `at` of `out`. */
  open(out: Uint8Array, at: number): void {
    this.#out = out;
    this.#view = new DataView(out.buffer, out.byteOffset, out.byteLength);
    this.at = at;
    this.#framePending = false;
  }

  /** What follows belongs to the data frame whose header is at `headerAt`. `continued` = some of it is out already. */
  frame(header: DataView, headerAt: number, continued: boolean): void {
    this.#header = header;
    this.#headerAt = headerAt;
    this.#framePending = true;
    this.#continued = continued;
  }

  /** Writes the entry of a frame that has no records. @returns false when there is no room. */
  frameAlone(): boolean {
    return !this.#framePending || this.#room(0);
  }

  /** An accepted record. `row` holds it; `received` = the JSON string of `received_utc`. */
  accepted(stream: CompiledStream, input: Uint8Array, row: Row, received: Uint8Array): boolean {
    const lineBytes = row.lineBytes(stream, received);
    const bytes = entryBytes(ACCEPTED.line, lineBytes);
    if (!this.#room(bytes)) return false;
    const view = this.#view;
    const out = this.#out;
    const at = this.at;
    const line = at + ACCEPTED.line;
    this.#begin(ENTRY_KIND.accepted, row.excursion ? ENTRY_FLAG.excursion : 0, bytes);
    const timestampOffset = row.writeLine(stream, input, received, out, line) - line;
    view.setUint8(at + ACCEPTED.timestampLength, row.timestampBytes(stream));
    view.setUint32(at + ACCEPTED.stream, stream.number, true);
    view.setUint32(at + ACCEPTED.nanos, row.nanos, true);
    view.setFloat64(at + ACCEPTED.seconds, row.seconds, true);
    view.setUint32(at + ACCEPTED.lineBytes, lineBytes, true);
    view.setUint16(at + ACCEPTED.timestampOffset, timestampOffset & 0xffff, true);
    out[at + ACCEPTED.timestampOffset + 2] = timestampOffset >>> 16;
    out[at + ACCEPTED.prefix] = 0;
    hashLeaf(out, at + ACCEPTED.prefix, line + lineBytes - 1, at + ACCEPTED.leaf);
    this.#end(line + lineBytes, bytes);
    return true;
  }

  /** A refused record, or a frame refused whole: raw = [start, end) of `input`, the fault at `offset` of `input`. */
  refused(
    stream: number,
    record: number,
    code: number,
    field: number,
    input: Uint8Array,
    start: number,
    end: number,
    offset: number,
  ): boolean {
    const bytes = entryBytes(REFUSED.raw, end - start);
    if (!this.#room(bytes)) return false;
    const view = this.#view;
    const at = this.at;
    this.#begin(ENTRY_KIND.refused, 0, bytes);
    view.setUint32(at + REFUSED.stream, stream, true);
    view.setUint32(at + REFUSED.record, record, true);
    view.setUint32(at + REFUSED.offset, offset - start, true);
    view.setUint16(at + REFUSED.code, code, true);
    view.setUint16(at + REFUSED.field, field, true);
    view.setUint32(at + REFUSED.rawBytes, end - start, true);
    view.setUint32(at + REFUSED.rawBytes + 4, 0, true);
    this.#out.set(input.subarray(start, end), at + REFUSED.raw);
    this.#end(at + REFUSED.raw + end - start, bytes);
    return true;
  }

  /** A control frame: its payload [start, end) of `input` becomes the entry of its kind. */
  control(kind: number, input: Uint8Array, start: number, end: number): boolean {
    this.#framePending = false;
    const bytes = entryBytes(CONTROL_ENTRY.json, end - start);
    if (!this.#room(bytes)) return false;
    const at = this.at;
    this.#begin(kind, 0, bytes);
    this.#view.setUint32(at + CONTROL_ENTRY.jsonBytes, end - start, true);
    this.#view.setUint32(at + CONTROL_ENTRY.jsonBytes + 4, 0, true);
    this.#out.set(input.subarray(start, end), at + CONTROL_ENTRY.json);
    this.#end(at + CONTROL_ENTRY.json + end - start, bytes);
    return true;
  }

  /** True when an entry of `bytes` fits, with the frame entry before it where that is due; that one is then written. */
  #room(bytes: number): boolean {
    const frame = this.#framePending ? FRAME_ENTRY.bytes : 0;
    if (this.at + frame + bytes > this.#out.length) return false;
    if (!this.#framePending) return true;
    this.#framePending = false;
    const view = this.#view;
    const at = this.at;
    const header = this.#header;
    this.#begin(ENTRY_KIND.frame, this.#continued ? ENTRY_FLAG.continued : 0, FRAME_ENTRY.bytes);
    view.setUint32(at + FRAME_ENTRY.source, header.getUint32(this.#headerAt + FRAME.source, true), true);
    view.setUint32(at + FRAME_ENTRY.stream, header.getUint32(this.#headerAt + FRAME.stream, true), true);
    view.setFloat64(at + FRAME_ENTRY.frame, header.getFloat64(this.#headerAt + FRAME.frame, true), true);
    view.setFloat64(
      at + FRAME_ENTRY.receivedMs,
      header.getFloat64(this.#headerAt + FRAME.receivedMs, true),
      true,
    );
    this.#end(at + FRAME_ENTRY.bytes, FRAME_ENTRY.bytes);
    return true;
  }

  /** The first eight bytes of an entry. Every byte of an entry is written, since the area held others before. */
  #begin(kind: number, flags: number, bytes: number): void {
    this.#view.setUint32(this.at + ENTRY.bytes, bytes, true);
    this.#view.setUint32(this.at + ENTRY.kind, kind | (flags << 8), true);
  }

  /** Pads the entry that ends at `end` with zeros and goes past it. */
  #end(end: number, bytes: number): void {
    this.at += bytes;
    for (let i = end; i < this.at; i++) this.#out[i] = 0;
  }
}
