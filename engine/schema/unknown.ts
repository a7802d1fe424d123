// Frames whose sender names a schema that the stream does not take, such as one newer than the configuration. They are
// kept, not turned away: each is refused whole, as one record, into a dead letter of its own. The name that was asked for
// and those that would have been taken go before the frame's bytes in ring and journal, so that the dead letter and every
// reply can be told from the journal alone, whatever the configuration says by then.
//
//   telemetry/9 telemetry/1 telemetry/2 LF  exact bytes of the frame

import { createHash } from 'node:crypto';
import { MAX_STREAM_NAME, MAX_UNKNOWN_HEAD_BYTES } from '../limits.ts';

const SUFFIX = '-unknown-schema';
const HASH_DIGITS = 8;
const LINE_FEED = 0x0a;

/** How a sender names a schema: name and version. */
export const SCHEMA_ID: RegExp = /^[a-z][a-z0-9-]{0,62}\/[1-9][0-9]{0,5}$/;

/**
 * The dead letter of the stream's frames with an unknown schema, as a stream is called: `coldchain-unknown-schema`. The
 * end of a long name gives way to its hash.
 */
export function unknownSchemaStream(stream: string): string {
  const most = MAX_STREAM_NAME - SUFFIX.length;
  if (stream.length <= most) return `${stream}${SUFFIX}`;
  const hash = createHash('sha256').update(stream).digest('hex').slice(0, HASH_DIGITS);
  return `${stream.slice(0, most - HASH_DIGITS - 1)}-${hash}${SUFFIX}`;
}

/** What goes before the bytes of such a frame: at most MAX_UNKNOWN_HEAD_BYTES. The names are ASCII. */
export function unknownSchemaHead(asked: string, accepted: readonly string[]): Uint8Array {
  const names = [asked, ...accepted].join(' ').slice(0, MAX_UNKNOWN_HEAD_BYTES - 1);
  return new TextEncoder().encode(`${names}\n`);
}

/** Bytes of the head at `start`: the frame's own begin behind it. */
export function headBytes(bytes: Uint8Array, start: number): number {
  return bytes.indexOf(LINE_FEED, start) + 1 - start;
}

/** The names in a head of `length` bytes at the beginning of `bytes`: the one asked for, then those accepted. */
export function namesInHead(bytes: Uint8Array, length: number): { asked: string; accepted: string[] } {
  const names = String.fromCharCode(...bytes.subarray(0, Math.max(0, length - 1)));
  const [asked = '', ...accepted] = names.split(' ');
  return { asked, accepted };
}
