// Where every shared word of the ring lies. Each word has one writer, named here; everything is computed once.
//
// control (Int32 words)                         writer
//   0 published   slabs published so far          frontend     counters run modulo 2^32, compare with (a - b) | 0
//   1 durable     slabs whose output is fsynced   commit
//   2 released    slabs free for reuse            frontend
//   3 closed      1 = nothing follows             frontend
//   4 workBell    bumped: a slab to work on       frontend     bells are counters: read, look, then wait on what you read
//   5 commitBell  bumped: a chunk to journal      workers, frontend (at close)
//   6 takenBell   bumped: a chunk was taken       commit
//   7 durableBell bumped: durable has moved       commit
//   8 noticeFlag  1 = a message to main is out    commit sets, frontend clears
//   9 sealBell    bumped: journal has moved       commit
//  10 commitTid   its thread to the system, or 0  commit         so that status can say what each thread costs
//  11 sealTid     its thread to the system, or 0  seal
//  16 + w         1 = worker w sleeps             worker w (reset by the pool when it dies)
//  80 + w         thread id of worker w, 0 = none worker w (reset by the pool when it dies)
// 144 + w         slabs that worker w finished    worker w
// 208 + w         its thread to the system, or 0  worker w
// 272 + 16 * i    the words of slab i, see SLAB
//
// frontend and pool live on the main thread: the words that both write never change under either of them.
//
// positions (BigInt64 words): journal positions are byte offsets in the endless journal
//   0 journalDurable   end of what is fsynced          commit
//   1 journalWritten   end of what is written          commit
//   2 journalOldest    start of the oldest segment     seal
//   3 sealPosition     how far seal has read           seal
//   4 outboxBytes      bytes in the outbox             seal
//   5 wallMs           newest time written anywhere    clock.ts, by compare-and-exchange
//   6 logSize          seals in the log                seal
//   7 checkpointSize   size of the newest checkpoint   seal
//   8 openRecords      records in open batches         seal
//   9 openPartitions   open batches                    seal
//  10 waitingBatches   sealed, not in the lake yet     seal
//  11 waitingBytes     their objects in the outbox     seal
//  12 waitingSinceMs   when the oldest was cut, or 0   seal
//  13 quarantined      objects that the store refuses  seal
//
// data: per slab  input (slabBytes) | output (outputBytes) | rejects (rejectBytes)

export const MAX_WORKERS = 64;

export const CONTROL = {
  published: 0,
  durable: 1,
  released: 2,
  closed: 3,
  workBell: 4,
  commitBell: 5,
  takenBell: 6,
  durableBell: 7,
  noticeFlag: 8,
  sealBell: 9,
  commitTid: 10,
  sealTid: 11,
  workerIdle: 16,
  /** 16 + MAX_WORKERS */
  workerThread: 80,
  /** 80 + MAX_WORKERS */
  workerSlabs: 144,
  /** 144 + MAX_WORKERS */
  workerTid: 208,
  /** 208 + MAX_WORKERS: a whole number of cache lines, as the words of each slab are. */
  slabs: 272,
} as const;

/** `SLAB.frame` while the codec does not run: nobody is to blame for a death. */
export const NO_FRAME = -1;

/** Words of one slab, relative to `CONTROL.slabs + SLAB.words * slab`. */
export const SLAB = {
  /**
   * 0 = to be claimed, w + 1 = worker w has it or had it last. Claimed by compare-and-exchange. Set to 0 by the frontend
   * as the last step of publishing, and by the pool to have the slab done again.
   */
  owner: 0,
  /** Bytes of input. Writer: frontend, before publishing. */
  bytes: 1,
  /** Frames in the input. Writer: frontend, before publishing. */
  frames: 2,
  /** One more for each use of the slab (frontend) and each time its work is started again (pool); wraps. */
  attempt: 3,
  /**
   * Newest output chunk: attempt << 16 | number (from 1). Writer: owner, after the three words below. Not reset between
   * uses: the new attempt alone makes every new chunk differ from `taken`, so that the two never disagree without one.
   */
  chunk: 4,
  chunkBytes: 5,
  chunkCrc: 6,
  /** The value of `chunk` with which the slab's output is complete, 0 until then. `chunkLast === chunk` = worker done. */
  chunkLast: 7,
  /** The chunk that is in the journal file: equals `chunk` when the output area may be written again. Writer: commit. */
  taken: 8,
  /** Index of the frame in the codec's hands, else NO_FRAME: who is to blame when a worker dies. Writer: owner. */
  frame: 9,
  /** Reject summaries in the rejects area. Writer: owner. */
  rejects: 10,
  /**
   * Frames of the slab that no codec is shown: of unknown schema (frontend, at publication) or flagged to be refused as
   * codec.crash (added by the pool, between two attempts).
   */
  flagged: 11,
  words: 16,
} as const;

export const POSITION = {
  journalDurable: 0,
  journalWritten: 1,
  journalOldest: 2,
  sealPosition: 3,
  outboxBytes: 4,
  wallMs: 5,
  logSize: 6,
  checkpointSize: 7,
  openRecords: 8,
  openPartitions: 9,
  waitingBatches: 10,
  waitingBytes: 11,
  waitingSinceMs: 12,
  quarantined: 13,
  words: 16,
} as const;

/** One line of the rejects area: u32 frame index in the slab, u32 record, u16 code, u16 field, u32 offset in the frame. */
export const REJECT_BYTES = 16;

/** Sizes of a ring. `slabs` is a power of two (counters wrap); byte sizes are multiples of 8. */
export interface RingSizes {
  readonly slabs: number;
  readonly slabBytes: number;
  readonly outputBytes: number;
  readonly rejectBytes: number;
}

/** The shared memory of a ring: what a worker needs to take part. Structured-cloneable. */
export interface Ring {
  readonly sizes: RingSizes;
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly positions: BigInt64Array<SharedArrayBuffer>;
  readonly data: Uint8Array<SharedArrayBuffer>;
}

/** Allocates a ring of the given sizes, all words zero. */
export function createRing(sizes: RingSizes): Ring {
  const stride = sizes.slabBytes + sizes.outputBytes + sizes.rejectBytes;
  return {
    sizes,
    control: new Int32Array(new SharedArrayBuffer(4 * (CONTROL.slabs + SLAB.words * sizes.slabs))),
    positions: new BigInt64Array(new SharedArrayBuffer(8 * POSITION.words)),
    data: new Uint8Array(new SharedArrayBuffer(stride * sizes.slabs)),
  };
}

/** Index of word `word` (of SLAB) of slab number `slab` in the control words. */
export function slabWord(slab: number, word: number): number {
  return CONTROL.slabs + SLAB.words * slab + word;
}

/** Byte offset in `data` of the input of slab `slab`. */
export function inputOffset(sizes: RingSizes, slab: number): number {
  return slab * (sizes.slabBytes + sizes.outputBytes + sizes.rejectBytes);
}

/** Byte offset in `data` of the output of slab `slab`. */
export function outputOffset(sizes: RingSizes, slab: number): number {
  return inputOffset(sizes, slab) + sizes.slabBytes;
}

/** Byte offset in `data` of the rejects of slab `slab`. */
export function rejectsOffset(sizes: RingSizes, slab: number): number {
  return outputOffset(sizes, slab) + sizes.outputBytes;
}
