// What `engine.ingest()` is given, as frames: bytes and text are one frame as they are, objects become as many frames of
// lines as they need.

import type { LimitsConfig } from '../config.ts';
import { MAX_REJECTS_TOLD } from '../limits.ts';
import type { IngestResult } from '../reply.ts';

export type IngestInput = Uint8Array | string | readonly object[];

export interface IngestOptions {
  /** The schema that the records are judged by, `telemetry/2`; without it the stream's own. */
  readonly schema?: string;
}

/** One frame, and the index of its first record in what the caller gave. */
export interface Frame {
  readonly bytes: Uint8Array;
  readonly first: number;
}

/** @throws RangeError when a frame, or one record alone, is over `maxFrameBytes`; TypeError for what is no JSON value. */
export function framesOf(input: IngestInput, limits: LimitsConfig): Frame[] {
  if (typeof input === 'string') return [checked(Buffer.from(input, 'utf8'), 0, limits)];
  if (input instanceof Uint8Array) return [checked(input, 0, limits)];
  const frames: Frame[] = [];
  let lines: string[] = [];
  let bytes = 0;
  let first = 0;
  for (const [index, record] of input.entries()) {
    const text: string | undefined = JSON.stringify(record);
    if (text === undefined) throw new TypeError(`record ${index} has no JSON form`);
    const line = `${text}\n`;
    const lineBytes = Buffer.byteLength(line);
    if (bytes + lineBytes > limits.maxFrameBytes || lines.length === limits.maxRecordsPerFrame) {
      frames.push(checked(Buffer.from(lines.join('')), first, limits));
      lines = [];
      bytes = 0;
      first = index;
    }
    lines.push(line);
    bytes += lineBytes;
  }
  frames.push(checked(Buffer.from(lines.join('')), first, limits));
  return frames;
}

function checked(bytes: Uint8Array, first: number, { maxFrameBytes }: LimitsConfig): Frame {
  if (bytes.length > maxFrameBytes) {
    throw new RangeError(
      `a frame of ${bytes.length} bytes is over maxFrameBytes (${maxFrameBytes}): split it`,
    );
  }
  return { bytes, first };
}

/** The results of all frames as one, records counted from the first of the first frame. */
export function mergeResults(results: readonly IngestResult[], frames: readonly Frame[]): IngestResult {
  const merged: IngestResult = { accepted: 0, rejected: 0, errors: [], more: 0 };
  for (const [index, result] of results.entries()) {
    const first = frames[index]?.first ?? 0;
    merged.accepted += result.accepted;
    merged.rejected += result.rejected;
    merged.errors.push(...result.errors.map((error) => ({ ...error, record: error.record + first })));
  }
  merged.errors = merged.errors.slice(0, MAX_REJECTS_TOLD);
  merged.more = merged.rejected - merged.errors.length;
  return merged;
}
