// The stage between ring and journal, and the only writer of both `durable` and the record journal. It takes the output
// chunks of slabs in ring order, appends each as one journal record, makes all of them durable with one fdatasync, and
// only then moves `durable`. What arrives while that fdatasync runs rides on the next one: groups grow with load, and
// nobody waits for a timer.
//
// Always holds: `durable` counts a slab only when an fdatasync that began after the slab's last record was written has
// returned. After an error no word moves any more.
//
// Trace of a turn: pwritev per chunk → taken, takenBell → fdatasync → journalDurable, durable → durableBell, sealBell,
// notice to the main thread.

import { assert } from '../assert.ts';
import { type Clock, raiseWallMs } from '../clock.ts';
import { FatalError } from '../errors.ts';
import { RECORD_FLAG, RECORD_TYPE } from '../journal/record.ts';
import { JournalWriter } from '../journal/writer.ts';
import { MIB } from '../limits.ts';
import { CONTROL, outputOffset, POSITION, type Ring, SLAB, slabWord } from '../ring/layout.ts';
import { listen, PARK_MS, park, ring as ringBell } from '../ring/park.ts';
import type { Storage } from '../storage.ts';

/** What the committer starts from. Structured-cloneable. */
export interface CommitterData {
  /** Folder of the record journal, recovered. */
  readonly journalFolder: string;
  /** Where the recovered journal ends. */
  readonly end: number;
  /** Everything before it is on disk; after a recovery that is `end`. */
  readonly durable: number;
  readonly segmentBytes: number;
  /** Running time of all runs before this one. */
  readonly runningBaseMs: number;
  /** `Clock.monotonicMs()` of the moment at which running time was `runningBaseMs`; default: when the committer starts. */
  readonly startMs?: number;
  /** Newest wall time found by recovery: stamps go on from here. */
  readonly wallMs: number;
}

export interface CommitterOptions {
  readonly ring: Ring;
  readonly data: CommitterData;
  readonly storage: Storage;
  readonly clock: Clock;
  /** Tells the main thread that `durable` has moved; not called again before it clears `noticeFlag`. */
  notify(): void;
}

/** Written and not yet synced: beyond it a sync comes before more chunks, so that acknowledgements keep coming. */
const MAX_TURN_BYTES = 16 * MIB;

export class Committer {
  readonly #ring: Ring;
  readonly #control: Int32Array;
  readonly #clock: Clock;
  readonly #writer: JournalWriter;
  readonly #notify: () => void;
  readonly #runningZeroMs: number;
  /** Output area of each slab, made once. */
  readonly #outputs: readonly Uint8Array[];
  /** Counter of the slab whose chunks are taken now. */
  #slab: number;
  /** Slabs whose last chunk is written, and bytes written, since the last sync. */
  #whole = 0;
  #bytes = 0;

  constructor(options: CommitterOptions) {
    const { ring, data, storage, clock } = options;
    assert(data.durable === data.end, 'a recovered journal is on disk to its end');
    this.#ring = ring;
    this.#control = ring.control;
    this.#clock = clock;
    this.#notify = options.notify;
    this.#runningZeroMs = data.runningBaseMs - (data.startMs ?? clock.monotonicMs());
    this.#writer = new JournalWriter(storage, data.journalFolder, 'records', data.end, {
      segmentBytes: data.segmentBytes,
    });
    this.#outputs = Array.from({ length: ring.sizes.slabs }, (_, slab) => {
      const start = outputOffset(ring.sizes, slab);
      return ring.data.subarray(start, start + ring.sizes.outputBytes);
    });
    this.#slab = Atomics.load(ring.control, CONTROL.durable);
    raiseWallMs(ring.positions, data.wallMs);
    this.#store(POSITION.journalWritten, this.#writer.position);
    this.#store(POSITION.journalDurable, this.#writer.durable);
  }

  /** Works until the ring is closed and everything published is durable; then closes the journal. FatalError on any fault. */
  run(): void {
    try {
      for (;;) {
        // In this order: a bell that rings after it was heard ends the sleep at once, and what is published after
        // `closed` was read as 1 is nothing.
        const heard = listen(this.#control, CONTROL.commitBell);
        const closed = Atomics.load(this.#control, CONTROL.closed) === 1;
        if (this.turn()) continue;
        if (closed && this.#slab === Atomics.load(this.#control, CONTROL.published)) break;
        park(this.#control, CONTROL.commitBell, heard, PARK_MS);
      }
      this.#writer.close();
    } catch (error) {
      if (error instanceof FatalError) throw error;
      throw new FatalError(`commit failed: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  /** Takes the chunks that are ready and makes whole slabs durable. @returns false when there was nothing to take. */
  turn(): boolean {
    let took = false;
    while (this.#bytes < MAX_TURN_BYTES && this.#take()) took = true;
    if (this.#whole > 0 || this.#bytes >= MAX_TURN_BYTES) this.#sync();
    return took;
  }

  /** Writes the next chunk of the slab that is next in order, when it is there. */
  #take(): boolean {
    const control = this.#control;
    if (((Atomics.load(control, CONTROL.published) - this.#slab) | 0) <= 0) return false;
    const slab = this.#slab & (this.#ring.sizes.slabs - 1);
    // The owner stores `chunk` last: once it is seen, the words below and the output area are what belongs to it, and
    // stay so until `taken` equals it.
    const chunk = Atomics.load(control, slabWord(slab, SLAB.chunk));
    if (chunk === Atomics.load(control, slabWord(slab, SLAB.taken))) return false;
    const bytes = Atomics.load(control, slabWord(slab, SLAB.chunkBytes));
    const crc = Atomics.load(control, slabWord(slab, SLAB.chunkCrc)) >>> 0;
    const last = Atomics.load(control, slabWord(slab, SLAB.chunkLast)) === chunk;
    assert(bytes >= 0 && bytes <= this.#ring.sizes.outputBytes, 'a chunk lies in its output area');
    const flags = ((chunk & 0xffff) === 1 ? RECORD_FLAG.first : 0) | (last ? RECORD_FLAG.last : 0);
    const payload = (this.#outputs[slab] as Uint8Array).subarray(0, bytes);
    const wallMs = this.#clock.wallMs();
    const runningMs = this.#runningZeroMs + this.#clock.monotonicMs();
    this.#writer.append(RECORD_TYPE.slab, flags, wallMs, runningMs, payload, crc);
    this.#store(POSITION.journalWritten, this.#writer.position);
    Atomics.store(control, slabWord(slab, SLAB.taken), chunk);
    ringBell(control, CONTROL.takenBell);
    this.#bytes += bytes;
    if (last) {
      this.#whole++;
      this.#slab = (this.#slab + 1) | 0;
    }
    return true;
  }

  #sync(): void {
    this.#writer.sync();
    this.#bytes = 0;
    // The position first: whoever sees the slabs as durable may read the journal up to here.
    this.#store(POSITION.journalDurable, this.#writer.durable);
    if (this.#whole === 0) return;
    Atomics.add(this.#control, CONTROL.durable, this.#whole);
    this.#whole = 0;
    ringBell(this.#control, CONTROL.durableBell);
    ringBell(this.#control, CONTROL.sealBell);
    // The main thread clears the flag before it looks: a notice less never means a slab unseen.
    if (Atomics.exchange(this.#control, CONTROL.noticeFlag, 1) === 0) this.#notify();
  }

  #store(position: number, value: number): void {
    Atomics.store(this.#ring.positions, position, BigInt(value));
  }
}
