// Every limit that is not the operator's to set, and the relations between all of them.

import { assert } from './assert.ts';
import { ACCEPTED, FRAME_ENTRY } from './journal/entry.ts';
import { FRAME_HEADER_BYTES } from './ring/frame.ts';
import type { RingSizes } from './ring/layout.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

/** Deepest nesting of a record; its own object is level 1 (FORMAT.md §2). */
export const MAX_DEPTH = 64;
/** Rejects told one by one for a frame; the rest is counted (DESIGN.md §2). */
export const MAX_REJECTS_TOLD = 16;
/** Longest Idempotency-Key, in characters. */
export const MAX_KEY_CHARACTERS = 255;
/** HTTP bodies under way, all together; beyond it: 503. */
export const MAX_BODIES_BYTES = 16 * MIB;
/** Unread bytes of a connection past which acks are merged and rejects dropped. */
export const MAX_UNREAD_BYTES = 64 * KIB;
/** How long a connection may leave its acks unread: then close 1013. */
export const MAX_UNREAD_MS = 60_000;
/** Longest wait for ring room in one turn of the event loop. */
export const MAX_RING_WAIT_MS = 20;
/** Calls of ingest() that wait for room, their bytes together, and how long each waits: then EngineBusy. */
export const MAX_WAITING_CALLS = 1024;
export const MAX_WAITING_BYTES = 16 * MIB;
export const MAX_CALL_WAIT_MS = 5_000;
/** Audit events that wait for room in the ring. */
export const MAX_WAITING_EVENTS = 10_000;
/** A seal fits the metadata of an S3 object. */
export const MAX_SEAL_BYTES = 2 * KIB;
/** Longest name of a stream. */
export const MAX_STREAM_NAME = 63;
/** What goes before a frame of unknown schema; more names than a detail can tell are cut off. */
export const MAX_UNKNOWN_HEAD_BYTES = 256;
/** Largest object in the lake. */
export const MAX_OBJECT_BYTES = 64 * MIB;
/** Runs of journal positions that open batches may hold, all together; beyond it the largest is cut. */
export const MAX_OPEN_POSITIONS = 4_000_000;
/** Open batches; beyond it the largest is cut. */
export const MAX_OPEN_PARTITIONS = 4096;
/**
 * Cut limits of EPCIS events where nobody says others. Their lines are twenty times as long as those of telemetry. Most
 * events are of an earlier day than the one on which they come, and a partner waits for the proof: `lateAge` is no longer
 * than `age`.
 */
export const EPCIS_CUT = { records: 2_000, bytes: 8 * MIB, age: 5, lateAge: 5 } as const;
/** Retention of a session that the client named, and of one that the server named, in running time. */
export const SESSION_KEEP_MS = 7 * 86_400_000;
export const NAMED_SESSION_KEEP_MS = 600_000;
/** Retention of an Idempotency-Key, in running time. */
export const KEY_KEEP_MS = 24 * 3_600_000;
/** A heartbeat seal after this long without a seal. */
export const HEARTBEAT_MS = 300_000;
/** At most one checkpoint per this long (and one at each drain). */
export const CHECKPOINT_EVERY_MS = 10_000;
/** A wall clock that moves this much against the monotonic one has stepped: an audit event. */
export const CLOCK_STEP_MS = 1_000;

/** Codec workers may die this often, all together, before one of them gets any work done again: then it is a fault. */
export const MAX_WORKER_DEATHS = 8;
/** How long the pool waits for a sealer that was told to close, before it ends the thread. */
export const SEALER_CLOSE_MS = 10_000;

/** Largest ring: one SharedArrayBuffer on every platform that Node runs on. */
const MAX_RING_BYTES = 2 * GIB;

/**
 * The relations that the layout relies on. Throws when the sizes do not fit together, naming the configuration's member.
 * @param lineGrowth the most bytes that a line can be longer than its record, over all streams
 */
export function assertSizes(ring: RingSizes, maxFrameBytes: number, lineGrowth: number): void {
  assert(
    (ring.slabs & (ring.slabs - 1)) === 0 && ring.slabs >= 4,
    'ring.slabs is a power of two of at least 4',
  );
  assert(
    ring.slabBytes % 8 === 0 && ring.outputBytes % 8 === 0 && ring.rejectBytes % 16 === 0,
    'ring.slabBytes is a multiple of 64, so that slab areas are aligned',
  );
  assert(maxFrameBytes >= KIB, 'limits.maxFrameBytes is at least 1 KiB (1024)');
  // A key frame (Idempotency-Key, principal, stream, hash) travels in the same slab as its data frame, and so does what goes
  // before a frame of unknown schema (MAX_UNKNOWN_HEAD_BYTES).
  const frameRoom = ring.slabBytes - 2 * FRAME_HEADER_BYTES - 8 * KIB;
  assert(
    maxFrameBytes <= frameRoom,
    `a frame and its key fit one slab: limits.maxFrameBytes is at most ${frameRoom} with ring.slabBytes ${ring.slabBytes}`,
  );
  // A frame entry and one record's entry: the least that must fit for the codec to get on.
  assert(
    maxFrameBytes + lineGrowth + FRAME_ENTRY.bytes + ACCEPTED.line + 8 <= ring.outputBytes,
    'the largest entry fits the output area: use fewer or shorter defaults, or larger slabs',
  );
  assert(ring.slabBytes < 1 << 24, 'ring.slabBytes is below 16 MiB, so that offsets in a line fit 24 bits');
  assert(
    ring.slabs * (ring.slabBytes + ring.outputBytes + ring.rejectBytes) <= MAX_RING_BYTES,
    'the ring (ring.slabs × 3.25 × ring.slabBytes) takes at most 2 GiB',
  );
}
