// Stands in for workers, committer and journal behind the front end, on the thread of the test: encodes published slabs
// with the portable codec, keeps their output as journal groups, and makes them durable when the test says so.

import { crc32c } from '../../engine/crc32c.ts';
import { ENTRY_KIND } from '../../engine/journal/entry.ts';
import type { Fold } from '../../engine/journal/fold.ts';
import { type JournalRecord, RECORD_FLAG, RECORD_TYPE } from '../../engine/journal/record.ts';
import { controlJson, walkGroup } from '../../engine/journal/walk.ts';
import { NO_SLAB, RingWorker } from '../../engine/ring/claim.ts';
import {
  CONTROL,
  inputOffset,
  outputOffset,
  type Ring,
  rejectsOffset,
  SLAB,
  slabWord,
} from '../../engine/ring/layout.ts';
import { ring as ringBell } from '../../engine/ring/park.ts';
import type { StreamSpec } from '../../engine/schema/table.ts';
import type { Codec, Cursor, SlabView } from '../../workers/codec.ts';
import { createPortableCodec } from '../../workers/portable.ts';

/** A data frame as it came out of the codec. */
export interface SeenFrame {
  readonly source: number;
  readonly stream: number;
  readonly frame: number;
  accepted: number;
  rejected: number;
}

/** A control entry: `kind` of ENTRY_KIND, and its JSON. */
export interface SeenControl {
  readonly kind: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into JSON of several shapes
  readonly value: any;
}

export class Pipeline {
  /** What is in the journal, in order; `log` has both kinds as `frame` or the name of the control entry. */
  readonly frames: SeenFrame[] = [];
  readonly controls: SeenControl[] = [];
  readonly log: string[] = [];
  readonly groups: JournalRecord[][] = [];
  /** While true, everything published is made durable every millisecond or so. */
  auto = true;
  runningMs: () => number = () => 0;
  readonly #ring: Ring;
  readonly #codec: Codec;
  readonly #worker: RingWorker;
  readonly #timer: NodeJS.Timeout;
  readonly #onNotice: () => void;
  #position = 0;

  constructor(ring: Ring, streams: readonly StreamSpec[], onNotice: () => void) {
    this.#ring = ring;
    this.#codec = createPortableCodec(streams);
    this.#worker = new RingWorker(ring, 0);
    this.#onNotice = onNotice;
    this.idle(true);
    this.#timer = setInterval(() => {
      if (this.auto) this.pump();
    }, 1);
  }

  /** Says that the worker sleeps, or that it is busy: then the front end fills slabs. */
  idle(asleep: boolean): void {
    Atomics.store(this.#ring.control, CONTROL.workerIdle, asleep ? 1 : 0);
  }

  /** Makes at most `most` published slabs durable and tells the front end. @returns how many. */
  pump(most = Number.POSITIVE_INFINITY): number {
    let done = 0;
    while (done < most) {
      const slab = this.#worker.claim();
      if (slab === NO_SLAB) break;
      this.#encode(slab);
      Atomics.add(this.#ring.control, CONTROL.durable, 1);
      ringBell(this.#ring.control, CONTROL.durableBell);
      done += 1;
    }
    if (done > 0) this.#onNotice();
    return done;
  }

  /** Puts everything journaled so far into `fold`, as recovery would. */
  recover(fold: Fold): void {
    for (const group of this.groups) fold.apply(group);
  }

  ofKind(kind: number): SeenControl['value'][] {
    return this.controls.filter((control) => control.kind === kind).map((control) => control.value);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #encode(slab: number): void {
    const { data, control, sizes } = this.#ring;
    const at = inputOffset(sizes, slab);
    const out = outputOffset(sizes, slab);
    const rejects = rejectsOffset(sizes, slab);
    const view: SlabView = {
      input: data.subarray(at, at + sizes.slabBytes),
      rejects: data.subarray(rejects, rejects + sizes.rejectBytes),
      bytes: this.#worker.bytes,
      frames: this.#worker.frames,
      rejected: 0,
    };
    const output = data.subarray(out, out + sizes.outputBytes);
    const cursor: Cursor = { frame: 0, offset: 0, record: 0 };
    const group: JournalRecord[] = [];
    do {
      const bytes = this.#codec.encode(view, cursor, output, () => {});
      const last = cursor.frame === view.frames;
      this.#worker.publish(output, bytes, view.rejected, last);
      Atomics.store(control, slabWord(slab, SLAB.taken), Atomics.load(control, slabWord(slab, SLAB.chunk)));
      group.push(this.#record(output.slice(0, bytes), group.length === 0, last));
    } while (cursor.frame < view.frames);
    this.groups.push(group);
    this.#see(group);
  }

  #record(payload: Uint8Array, first: boolean, last: boolean): JournalRecord {
    const position = this.#position;
    this.#position += 48 + ((payload.length + 7) & ~7);
    return {
      position,
      end: this.#position,
      type: RECORD_TYPE.slab,
      flags: (first ? RECORD_FLAG.first : 0) | (last ? RECORD_FLAG.last : 0),
      wallMs: Date.now(),
      runningMs: this.runningMs(),
      payload,
      payloadPosition: position + 48,
      payloadCrc: crc32c(payload),
    } as JournalRecord;
  }

  #see(group: readonly JournalRecord[]): void {
    const newest = (): SeenFrame => this.frames.at(-1) as SeenFrame;
    walkGroup(group, {
      frame: ({ source, stream, frame }, continued) => {
        if (continued) return;
        this.frames.push({ source, stream, frame, accepted: 0, rejected: 0 });
        this.log.push('frame');
      },
      accepted: () => {
        newest().accepted += 1;
      },
      refused: () => {
        newest().rejected += 1;
      },
      control: (kind, view, bytes, offset) => {
        this.controls.push({ kind, value: controlJson(view, bytes, offset) });
        this.log.push(Object.entries(ENTRY_KIND).find(([, number]) => number === kind)?.[0] ?? '?');
      },
      end: () => {},
    });
  }
}
