// Streams as the native codec is told them: the compiled tables in one piece of bytes, little-endian, every text with its
// length before it. The reader is native/table.cc; both change together.

import {
  compileStream,
  EVALUATED,
  EVALUATED_NAME,
  EXCURSION,
  keyBytes,
  RECEIVED,
  RECEIVED_NAME,
  WITHIN,
} from '../engine/schema/compile.ts';
import type { StreamSpec } from '../engine/schema/table.ts';

const utf8 = new TextEncoder();
const NOTHING = new Uint8Array(0);
const MAX_U32 = 0xffff_ffff;

class Writer {
  readonly #parts: Uint8Array[] = [];

  /** Unsigned or signed 32 bits. */
  word(value: number): void {
    const part = new Uint8Array(4);
    new DataView(part.buffer).setInt32(0, value | 0, true);
    this.#parts.push(part);
  }

  flag(value: boolean): void {
    this.word(value ? 1 : 0);
  }

  double(value: number): void {
    const part = new Uint8Array(8);
    new DataView(part.buffer).setFloat64(0, value, true);
    this.#parts.push(part);
  }

  bytes(bytes: Uint8Array): void {
    this.word(bytes.length);
    this.#parts.push(bytes);
  }

  texts(texts: readonly string[]): void {
    this.word(texts.length);
    for (const text of texts) this.bytes(utf8.encode(text));
  }

  all(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

/** The descriptor of all streams. Tables and zones have passed `checkTable` and `checkZones`. */
export function describeStreams(streams: readonly StreamSpec[]): Uint8Array {
  const out = new Writer();
  out.word(streams.length);
  for (const spec of streams) writeStream(out, spec);
  return out.all();
}

function writeStream(out: Writer, spec: StreamSpec): void {
  const stream = compileStream(spec);
  out.word(stream.number);
  out.word(Math.min(stream.maxRecords, MAX_U32));
  out.flag(stream.ignoreUnknown);
  out.word(stream.time);
  out.word(stream.compliance);
  out.word(stream.excursionValue);
  out.flag(stream.excursionByDefault);
  out.bytes(utf8.encode(JSON.stringify(WITHIN)));
  out.bytes(utf8.encode(JSON.stringify(EXCURSION)));
  out.texts(spec.table.fields.map((field) => field.name));
  out.word(stream.fields.length);
  for (const [i, field] of stream.fields.entries()) {
    out.word(field.type);
    out.flag(field.required);
    out.flag(field.beyondAscii);
    out.double(field.minLength);
    out.double(field.maxLength);
    out.double(field.min);
    out.double(field.max);
    out.flag(field.fallback !== null);
    out.bytes(field.fallback ?? NOTHING);
    out.bytes(field.allowed);
    out.texts(spec.table.fields[i]?.values ?? []);
  }
  out.word(stream.order.length);
  for (const member of stream.order) {
    out.bytes(memberKey(member, spec));
    out.word(member);
  }
  writeZones(out, spec, stream.zones);
}

function memberKey(member: number, spec: StreamSpec): Uint8Array {
  if (member === RECEIVED) return keyBytes(RECEIVED_NAME);
  if (member === EVALUATED) return keyBytes(EVALUATED_NAME);
  return keyBytes(spec.table.fields[member]?.name as string);
}

function writeZones(out: Writer, spec: StreamSpec, zones: ReturnType<typeof compileStream>['zones']): void {
  out.flag(zones !== null);
  if (zones === null) return;
  out.word(zones.by);
  out.word(zones.field);
  out.word(zones.defaultZone);
  out.double(zones.defaultValue);
  out.texts(Object.keys(spec.zones?.limits ?? {}));
  for (const [i, min] of zones.min.entries()) {
    out.double(min);
    out.double(zones.max[i] as number);
  }
}
