// Feeds a record journal without ring and threads: frames go through the real portable codec, each call is one group,
// durable when the call returns. Positions are told as the committer tells them.

import { type AuditEntry, ENTRY_KIND, type SourceEntry } from '../../engine/journal/entry.ts';
import { RECORD_FLAG, RECORD_TYPE } from '../../engine/journal/record.ts';
import { JournalWriter } from '../../engine/journal/writer.ts';
import { POSITION } from '../../engine/ring/layout.ts';
import type { StreamSpec } from '../../engine/schema/table.ts';
import { diskStorage, type Storage } from '../../engine/storage.ts';
import type { Codec, Cursor } from '../../workers/codec.ts';
import { createPortableCodec } from '../../workers/portable.ts';
import { type FrameInput, slabOf } from './slab.ts';

/** The real disk without its waits: for tests that are about many files, not about what a crash leaves. */
export const HASTY_STORAGE: Storage = {
  ...diskStorage,
  sync: () => {},
  datasync: () => {},
  syncFolder: () => {},
};

export interface FeedOptions {
  readonly streams: readonly StreamSpec[];
  readonly segmentBytes?: number;
  /** Size of the codec's output: smaller than the entries of a group, it gives several journal records. */
  readonly outputBytes?: number;
}

export class JournalFeed {
  readonly #writer: JournalWriter;
  readonly #codec: Codec;
  readonly #positions: BigInt64Array;
  readonly #output: Uint8Array;
  readonly #next = new Map<number, number>();

  /** Goes on at `end` of the journal in `folder`. */
  constructor(folder: string, end: number, positions: BigInt64Array, options: FeedOptions) {
    this.#writer = new JournalWriter(HASTY_STORAGE, folder, 'records', end, {
      segmentBytes: options.segmentBytes ?? 1 << 26,
    });
    this.#codec = createPortableCodec(options.streams);
    this.#positions = positions;
    this.#output = new Uint8Array(options.outputBytes ?? 1 << 20);
  }

  get position(): number {
    return this.#writer.position;
  }

  source(entry: SourceEntry, atMs: number): void {
    this.group([{ kind: ENTRY_KIND.source, payload: JSON.stringify(entry) }], atMs);
  }

  audit(
    event: Partial<AuditEntry> & { readonly action: string; readonly at_utc: string },
    atMs: number,
  ): void {
    const whole = {
      actor: 'test',
      authorised_by: null,
      new: null,
      old: null,
      reason: null,
      target: 'engine',
      ...event,
    };
    this.group([{ kind: ENTRY_KIND.audit, payload: JSON.stringify(whole) }], atMs);
  }

  /** One data frame of NDJSON or a JSON array, the next one of its source. */
  frame(payload: string | Uint8Array, atMs: number, source = 1, stream = 1): void {
    const frame = this.#next.get(source) ?? 0;
    this.#next.set(source, frame + 1);
    this.group([{ payload, source, stream, frame, receivedMs: atMs }], atMs);
  }

  /** Frames of one slab: one group. */
  group(frames: readonly FrameInput[], atMs: number): void {
    const slab = slabOf(frames, 20_000);
    const cursor: Cursor = { frame: 0, offset: 0, record: 0 };
    let first = true;
    while (cursor.frame < slab.frames) {
      const bytes = this.#codec.encode(slab, cursor, this.#output, () => {});
      const last = cursor.frame === slab.frames;
      const flags = (first ? RECORD_FLAG.first : 0) | (last ? RECORD_FLAG.last : 0);
      this.#writer.append(RECORD_TYPE.slab, flags, atMs, atMs, this.#output.subarray(0, bytes));
      first = false;
    }
    this.#writer.sync();
    Atomics.store(this.#positions, POSITION.journalWritten, BigInt(this.#writer.position));
    Atomics.store(this.#positions, POSITION.journalDurable, BigInt(this.#writer.durable));
  }

  close(): void {
    this.#writer.close();
  }
}

/** One reading of `telemetry/1` as JSON. */
export function reading(timestamp: string, value = 4.5, more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    sensor_id: 'sensor-1',
    timestamp_utc: timestamp,
    temperature_c: value,
    zone_id: 'Z-1',
    ...more,
  });
}
