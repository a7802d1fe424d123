// The best plain JavaScript that we could write for telemetry/1: what a codec in C++ has to beat to be worth its risk.
// Written for this one schema, in a straight line, with every trick that measured faster:
//
//   - a whole slab becomes one Latin-1 string, of which each record is a slice: no copy and no decoding per record. Bytes
//     past ASCII can only stand in sensor_id (every other member has a narrower set of characters), and a sensor_id that
//     is not plain ASCII sends its record the slow way, where UTF-8 is decoded for good;
//   - JSON.parse per record: V8's is faster than any parser written in JavaScript;
//   - the line as a template literal in order, with JSON.stringify only where a string needs escapes;
//   - lines are written to memory many at once, and hashed there with the one-shot `hash` and a binary string as result,
//     which costs half of what the Buffer does.
//
// It does less than the codec: JSON.parse keeps the last of two members of one name and rounds numbers silently, so both
// are accepted here; refused records get neither code nor position; no entry is written. All of that is in its favour.

import { hash } from 'node:crypto';
import { HASH_BYTES, merkleRoot } from '../../engine/batch/merkle.ts';
import { utc } from '../../engine/clock.ts';
import { FRAME, FRAME_HEADER_BYTES, frameBytes } from '../../engine/ring/frame.ts';
import type { Outcome, Pipeline } from './pipeline.ts';
import { lineRoom, type Slab, type Slabs } from './slabs.ts';
import { withKernels } from './with-kernels.ts';

/** Lines are written to memory when this much text is waiting. */
const FLUSH_CHARACTERS = 32 * 1024;
/** Index of a record that is a JSON text of its own. */
const ALONE = -1;

/** A JSON value that may be a reading. */
export interface Reading {
  readonly sensor_id?: unknown;
  readonly timestamp_utc?: unknown;
  readonly temperature_c?: unknown;
  readonly zone_id?: unknown;
  readonly compliance_state?: unknown;
  readonly raw_payload_hash?: unknown;
}

/** Characters that stand for themselves in a JSON string. */
const PLAIN_ID = /^[ !#-[\]-~]{4,64}$/;
const ZONE_ID = /^[A-Z0-9-]{1,64}$/;
const PAYLOAD_HASH = /^[0-9a-f]{64}$/;
const TIMESTAMP =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|\+00:00)$/;

export class PlainJavaScript implements Pipeline {
  readonly name = 'best plain JavaScript';
  readonly kind = 'peer';
  readonly #tree: boolean;
  #leaves: Buffer = Buffer.alloc(0);
  /** 0x00 and the line with its LF, for each accepted record. */
  #lines: Buffer = Buffer.alloc(0);
  #lineBytes = 0;
  #accepted = 0;
  #refused = 0;
  /** Lines not yet in memory, how long each is in bytes, and whether one of them is more than ASCII. */
  #text = '';
  #lengths = new Int32Array(FLUSH_CHARACTERS);
  #waiting = 0;
  #beyondAscii = false;
  #receivedMs = -1;
  #received = '';

  constructor(tree: boolean) {
    this.#tree = tree;
  }

  run(slabs: Slabs): Outcome {
    if (this.#leaves.length < slabs.records * HASH_BYTES) {
      this.#leaves = Buffer.alloc(slabs.records * HASH_BYTES);
      this.#lines = Buffer.alloc(lineRoom(slabs));
    }
    this.#accepted = 0;
    this.#refused = 0;
    this.#lineBytes = 0;
    for (const slab of slabs.slabs) this.#slab(slab);
    this.#flush();
    const leaves = this.#leaves.subarray(0, this.#accepted * HASH_BYTES);
    const root = this.#tree ? withKernels('portable', () => merkleRoot(leaves)) : new Uint8Array(0);
    return { accepted: this.#accepted, refused: this.#refused, leaves, root };
  }

  lines(slabs: Slabs): Uint8Array {
    this.run(slabs);
    // Without the 0x00 before each line: no line holds one.
    return Buffer.from(this.#lines.subarray(0, this.#lineBytes).filter((byte) => byte !== 0));
  }

  #slab({ view, header, input }: Slab): void {
    const text = input.toString('latin1', 0, view.bytes);
    for (let at = 0; at < view.bytes; ) {
      const bytes = header.getUint32(at + FRAME.bytes, true);
      this.#receivedAt(header.getFloat64(at + FRAME.receivedMs, true));
      const start = at + FRAME_HEADER_BYTES;
      this.#frame(text, start, start + bytes);
      at += frameBytes(bytes);
    }
  }

  #receivedAt(ms: number): void {
    if (ms === this.#receivedMs) return;
    this.#receivedMs = ms;
    this.#received = utc(ms);
  }

  #frame(text: string, start: number, end: number): void {
    if (text.charCodeAt(start) === 0x5b) {
      const source = text.slice(start, end);
      const records = parse(source);
      if (!Array.isArray(records)) this.#refused += 1;
      else for (let i = 0; i < records.length; i++) this.#record(records[i], source, i);
      return;
    }
    for (let from = start; from < end; ) {
      let to = text.indexOf('\n', from);
      if (to === -1 || to > end) to = end;
      const line = text.slice(from, to);
      const record = parse(line);
      if (record !== undefined || line.trim() !== '') this.#record(record, line, ALONE);
      from = to + 1;
    }
  }

  /** `source` = the Latin-1 text that the record is from, `index` its place in it. */
  #record(record: unknown, source: string, index: number): void {
    if (isPlainReading(record as Reading)) {
      const reading = record as Reading;
      this.#add(write(reading, `"${reading.sensor_id}"`, this.#received), 0);
      return;
    }
    const line = unusualLine(source, index, this.#received);
    if (line === null) this.#refused += 1;
    else this.#add(line, Buffer.byteLength(line) - line.length);
  }

  /** `beyond` = bytes that the line takes in UTF-8 beyond one for each of its characters. */
  #add(line: string, beyond: number): void {
    this.#text += line;
    if (beyond > 0) this.#beyondAscii = true;
    this.#lengths[this.#waiting++] = line.length + beyond;
    if (this.#text.length >= FLUSH_CHARACTERS) this.#flush();
  }

  /** Writes the waiting lines and hashes them where they lie. */
  #flush(): void {
    const lines = this.#lines;
    const leaves = this.#leaves;
    let at = this.#lineBytes;
    this.#lineBytes += lines.write(this.#text, at, this.#beyondAscii ? 'utf8' : 'latin1');
    let accepted = this.#accepted;
    for (let i = 0; i < this.#waiting; i++) {
      const end = at + (this.#lengths[i] as number);
      const digest = hash('sha256', lines.subarray(at, end - 1), 'binary');
      leaves.write(digest, accepted * HASH_BYTES, HASH_BYTES, 'latin1');
      accepted += 1;
      at = end;
    }
    this.#accepted = accepted;
    this.#text = '';
    this.#waiting = 0;
    this.#beyondAscii = false;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Is this value a reading with a plain sensor_id? The whole of telemetry/1 but for unusual ids, by hand. */
export function isPlainReading(record: Reading | null | undefined): boolean {
  if (typeof record !== 'object' || record === null) return false;
  const { sensor_id: id, timestamp_utc: time, temperature_c: degrees, zone_id: zone } = record;
  const { compliance_state: state, raw_payload_hash: payload } = record;
  if (typeof id !== 'string' || !PLAIN_ID.test(id)) return false;
  if (typeof time !== 'string' || !isTimestamp(time)) return false;
  if (typeof degrees !== 'number' || !(degrees >= -100 && degrees <= 100)) return false;
  if (typeof zone !== 'string' || !ZONE_ID.test(zone)) return false;
  let known = 4;
  if (state !== undefined) {
    known += 1;
    if (state !== 'within_spec' && state !== 'excursion' && state !== 'unknown' && state !== null)
      return false;
  }
  if (payload !== undefined) {
    known += 1;
    if (payload !== null && (typeof payload !== 'string' || !PAYLOAD_HASH.test(payload))) return false;
  }
  let members = 0;
  for (const _ in record) members += 1;
  return members === known;
}

/** `YYYY-MM-DDTHH:MM:SS[.d{1,9}](Z|+00:00)`, a moment that exists, 1970 or later. */
export function isTimestamp(text: string): boolean {
  if (!TIMESTAMP.test(text) || text < '1970') return false;
  const day = Number(text.slice(8, 10));
  return day <= 28 || day <= daysIn(Number(text.slice(0, 4)), Number(text.slice(5, 7)));
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** 0x00, the canonical line and its LF: members in order (RFC 8785). `id` = the JSON of sensor_id. */
function write(record: Reading, id: string, received: string): string {
  const payload =
    typeof record.raw_payload_hash === 'string' ? `"raw_payload_hash":"${record.raw_payload_hash}",` : '';
  return `\0{"compliance_state":"${record.compliance_state ?? 'unknown'}",${payload}"received_utc":"${received}","sensor_id":${id},"temperature_c":${record.temperature_c},"timestamp_utc":"${record.timestamp_utc}","zone_id":"${record.zone_id}"}\n`;
}

/** The line of a reading whose id has escapes or is not ASCII, null when it is no reading at all. */
function unusualLine(source: string, index: number, received: string): string | null {
  const decoded = decode(source);
  const record = (index === ALONE ? decoded : (decoded as unknown[] | null)?.[index]) as
    | Reading
    | null
    | undefined;
  const id = record?.sensor_id;
  if (typeof id !== 'string' || !isPlainReading({ ...record, sensor_id: 'plain' })) return null;
  const length = [...id].length;
  if (length < 4 || length > 64 || /\p{Surrogate}/u.test(id) || hasControl(id)) return null;
  return write(record as Reading, JSON.stringify(id), received);
}

/** A JSON text from the Latin-1 view of its bytes, read as UTF-8; null when it is none. */
function decode(latin1: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(latin1, 'latin1')));
  } catch {
    return null;
  }
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit === 0x7f) return true;
  }
  return false;
}
