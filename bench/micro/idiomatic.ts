// The same work as most people would write it: zod, sorted keys, createHash, an array of Buffers for the tree. Clear code
// with good libraries; nobody would be blamed for it.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FRAME, FRAME_HEADER_BYTES, frameBytes } from '../../engine/ring/frame.ts';
import type { Outcome, Pipeline } from './pipeline.ts';
import type { Slabs } from './slabs.ts';

/** telemetry/1 in zod. */
export const readingSchema = z.strictObject({
  sensor_id: z
    .string()
    .min(4)
    .max(64)
    .regex(/^\P{Cc}*$/u),
  timestamp_utc: z.iso.datetime(),
  temperature_c: z.number().min(-100).max(100),
  zone_id: z.string().regex(/^[A-Z0-9-]{1,64}$/),
  compliance_state: z.enum(['within_spec', 'excursion', 'unknown']).default('unknown'),
  raw_payload_hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

export class Idiomatic implements Pipeline {
  readonly name = 'idiomatic JavaScript';
  readonly kind = 'peer';
  readonly #tree: boolean;
  #lines: string[] = [];

  constructor(tree: boolean) {
    this.#tree = tree;
  }

  run({ slabs }: Slabs): Outcome {
    this.#lines = [];
    const leaves: Buffer[] = [];
    let refused = 0;
    for (const { input, header, view } of slabs) {
      for (let at = 0; at < view.bytes; ) {
        const bytes = header.getUint32(at + FRAME.bytes, true);
        const received = new Date(header.getFloat64(at + FRAME.receivedMs, true)).toISOString();
        const text = input.toString('utf8', at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + bytes);
        for (const value of valuesOf(text)) {
          const reading = readingSchema.safeParse(value);
          if (!reading.success) {
            refused += 1;
            continue;
          }
          const line = sortedJson({ ...reading.data, received_utc: received });
          this.#lines.push(line);
          leaves.push(createHash('sha256').update('\0').update(line).digest());
        }
        at += frameBytes(bytes);
      }
    }
    const root = this.#tree ? idiomaticRoot(leaves) : new Uint8Array(0);
    return { accepted: leaves.length, refused, leaves: Buffer.concat(leaves), root };
  }

  lines(slabs: Slabs): Uint8Array {
    this.run(slabs);
    return Buffer.from(this.#lines.map((line) => `${line}\n`).join(''));
  }
}

function valuesOf(text: string): unknown[] {
  if (text.startsWith('[')) return JSON.parse(text);
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      try {
        return JSON.parse(line);
      } catch {
        return undefined;
      }
    });
}

/** The usual way to sorted keys. */
export function sortedJson(value: object): string {
  return JSON.stringify(value, Object.keys(value).sort());
}

/** The tree level by level, a last odd node carried up (RFC 6962 §2.1). */
export function idiomaticRoot(leaves: readonly Buffer[]): Uint8Array {
  if (leaves.length === 0) return createHash('sha256').digest();
  let level = leaves;
  while (level.length > 1) {
    const next: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Buffer;
      const right = level[i + 1];
      next.push(
        right === undefined
          ? left
          : createHash('sha256')
              .update(Buffer.from([1]))
              .update(left)
              .update(right)
              .digest(),
      );
    }
    level = next;
  }
  return level[0] as Buffer;
}
