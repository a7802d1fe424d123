// What validation found out about one record: for each field where its canonical value lies, and what the line and its
// entry need beside. One row per codec, used again and again, so that no object is made per record.

import { NO_FIELD } from '../engine/codes.ts';
import {
  type CompiledField,
  type CompiledStream,
  EVALUATED,
  EVALUATED_NAME,
  EXCURSION,
  keyBytes,
  RECEIVED,
  RECEIVED_NAME,
  WITHIN,
} from '../engine/schema/compile.ts';
import { LEFT_BRACE, LF, RIGHT_BRACE } from './ascii.ts';

const utf8 = new TextEncoder();
const MAX_FIELDS = 256;
/** Longest JSON number (RFC 8785): `-1.2345678901234567e-300`. */
const NUMBER_BYTES = 25;

const EVALUATED_KEY = keyBytes(EVALUATED_NAME);
const RECEIVED_KEY = keyBytes(RECEIVED_NAME);
const EVALUATED_WITHIN = utf8.encode(JSON.stringify(WITHIN));
const EVALUATED_EXCURSION = utf8.encode(JSON.stringify(EXCURSION));

/** `state` of a field. */
export const STATE = { absent: 0, null: 1, input: 2, scratch: 3 } as const;

export class Row {
  /** Fault of the record: field number and offset in the bytes; valid when `validate` returned a code. */
  field: number = NO_FIELD;
  offset = 0;

  /** STATE of each field: not there, null, or a value whose JSON lies at [from, to) of the input or of `scratch`. */
  readonly state: Uint8Array = new Uint8Array(MAX_FIELDS);
  readonly from: Int32Array = new Int32Array(MAX_FIELDS);
  readonly to: Int32Array = new Int32Array(MAX_FIELDS);
  /** Decoded texts and canonical values that are not in the input as they must stand in the line. */
  scratch: Uint8Array = new Uint8Array(4096);
  scratchEnd = 0;

  /** Of the field `timestamp_utc`. */
  seconds = 0;
  nanos = 0;
  /** Number of the record's zone in its stream's zones, and the value judged; -1 and NaN when there is none. */
  zone = -1;
  judged: number = Number.NaN;
  excursion = false;
  evaluated: Uint8Array | null = null;

  /** Empties the row for a record of `bytes` bytes of a stream. */
  reset(stream: CompiledStream, bytes: number): void {
    const { fields, zones } = stream;
    for (let i = 0; i < fields.length; i++) this.state[i] = STATE.absent;
    // A string takes scratch at most twice, decoded and as a literal, each time no more than it takes in the record.
    const room = 2 * bytes + NUMBER_BYTES * fields.length;
    if (this.scratch.length < room) this.scratch = new Uint8Array(2 * room);
    this.scratchEnd = 0;
    this.zone = zones === null ? -1 : zones.defaultZone;
    this.judged = zones === null ? Number.NaN : zones.defaultValue;
    this.excursion = stream.excursionByDefault;
    this.evaluated = null;
  }

  /** Gives the record its `evaluated_state`, where its zone has limits and there is a value. Limits are inclusive. */
  evaluate(stream: CompiledStream): void {
    const { zones } = stream;
    if (zones === null || this.zone < 0 || Number.isNaN(this.judged)) return;
    const within =
      this.judged >= (zones.min[this.zone] as number) && this.judged <= (zones.max[this.zone] as number);
    this.evaluated = within ? EVALUATED_WITHIN : EVALUATED_EXCURSION;
    if (!within) this.excursion = true;
  }

  /** Bytes of the line with its LF. `received` = the JSON string of `received_utc`. */
  lineBytes(stream: CompiledStream, received: Uint8Array): number {
    // The comma of the first key stands for the opening brace; the closing one and the LF are two.
    let bytes = RECEIVED_KEY.length + received.length + 2;
    if (this.evaluated !== null) bytes += EVALUATED_KEY.length + this.evaluated.length;
    const { fields } = stream;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i] as CompiledField;
      if ((this.state[i] as number) >= STATE.input) {
        bytes += field.key.length + (this.to[i] as number) - (this.from[i] as number);
      } else if (field.fallback !== null) {
        bytes += field.key.length + field.fallback.length;
      }
    }
    return bytes;
  }

  /** Length of the characters of the record's own timestamp. */
  timestampBytes(stream: CompiledStream): number {
    return (this.to[stream.time] as number) - (this.from[stream.time] as number) - 2;
  }

  /**
   * Writes the line with its LF at `at` of `out`, which has room for it.
   * @returns where the characters of the record's own timestamp begin in `out`.
   */
  writeLine(
    stream: CompiledStream,
    input: Uint8Array,
    received: Uint8Array,
    out: Uint8Array,
    at: number,
  ): number {
    let timestampAt = 0;
    let end = at;
    const { order, fields } = stream;
    for (let i = 0; i < order.length; i++) {
      const member = order[i] as number;
      let key = RECEIVED_KEY;
      let value: Uint8Array | null = received;
      let from = 0;
      if (member === EVALUATED) {
        key = EVALUATED_KEY;
        value = this.evaluated;
      } else if (member !== RECEIVED) {
        const field = fields[member] as CompiledField;
        key = field.key;
        value = field.fallback;
      }
      let to = value === null ? 0 : value.length;
      if (member >= 0 && (this.state[member] as number) >= STATE.input) {
        value = this.state[member] === STATE.input ? input : this.scratch;
        from = this.from[member] as number;
        to = this.to[member] as number;
      }
      if (value === null) continue;
      end = copy(key, 0, key.length, out, end);
      if (member === stream.time) timestampAt = end + 1;
      end = copy(value, from, to, out, end);
    }
    // Every key begins with a comma; the first one gives way to the brace.
    out[at] = LEFT_BRACE;
    out[end] = RIGHT_BRACE;
    out[end + 1] = LF;
    return timestampAt;
  }
}

/** Copies [start, end) of `from` to `at` of `into`. @returns the position after it. */
function copy(from: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  let to = at;
  for (let i = start; i < end; i++) into[to++] = from[i] as number;
  return to;
}
