// The most that memory can grow to by configuration, whatever clients, disk or store do, part by part: what `serve`
// prints at start. Every part is reached only when its limit is, so the sum is a promise, not a forecast.

import type { Config } from './config.ts';
import {
  KIB,
  MAX_BODIES_BYTES,
  MAX_OPEN_POSITIONS,
  MAX_UNREAD_BYTES,
  MAX_WAITING_BYTES,
  MIB,
} from './limits.ts';

/** Bytes. */
export interface MemoryParts {
  /** Slabs with their output. Lower it with `ring`. */
  readonly ring: number;
  /** Half-sent frames, bodies under way, unread replies. Lower it with `listen.maxConnections`, `limits.maxFrameBytes`. */
  readonly connections: number;
  /** Lower it with `limits.maxSessions`. */
  readonly sessions: number;
  /** Idempotency-Keys with their replies. Lower it with `limits.maxIdempotencyKeys`. */
  readonly keys: number;
  /** Open batches as positions, the batch that is being sealed, and what a lake in S3 needs. Lower it with `streams.*.cut.bytes`. */
  readonly seal: number;
  /** Threads of captures, the embedded ledger, documents under way; 0 where none are taken (`epcis: false`). */
  readonly captures: number;
  /** Node itself, an isolate a thread. Lower it with `workers`. */
  readonly node: number;
}

/** A session with its share of the maps around it, in both threads that hold the table (front end, seal); measured. */
const SESSION_ROW_BYTES = 1200;
/** A key with the longest reply (16 refusals told), in both threads; most replies are a tenth of that. */
const KEY_ROW_BYTES = 10 * KIB;
const CONNECTION_BYTES = 2 * KIB;
const ISOLATE_BYTES = 40 * MIB;
/** With a lake in S3: the SDK, and a second copy of the objects under way where one is compared by its bytes. */
const S3_BYTES = 64 * MIB;
/** Scans, judge and ledger: chunks under way, with what a parser holds of one event of 8 MiB. */
const CAPTURE_THREADS = 4;
const CAPTURE_THREAD_BYTES = 96 * MIB;
/** The embedded ledger while it runs; its first start is in a thread that ends. */
const PGLITE_BYTES = 256 * MIB;
/** Threads beside the codec workers: front end, commit, seal. */
const OTHER_THREADS = 3;

export function memoryParts(
  config: Pick<Config, 'epcis' | 'ledger' | 'limits' | 'listen' | 'ring' | 's3' | 'streams' | 'workers'>,
): MemoryParts {
  const { epcis, ledger, limits, listen, ring, s3, streams, workers } = config;
  const connections = listen === false ? 0 : listen.maxConnections;
  const largestCut = Math.max(...streams.map(({ cut }) => cut.bytes));
  return {
    ring: ring.slabs * (ring.slabBytes + ring.outputBytes + ring.rejectBytes),
    // uWebSockets.js grows the buffer of a message to twice its size.
    connections:
      connections * (2 * limits.maxFrameBytes + MAX_UNREAD_BYTES + CONNECTION_BYTES) +
      MAX_BODIES_BYTES +
      MAX_WAITING_BYTES,
    sessions: limits.maxSessions * SESSION_ROW_BYTES,
    keys: limits.maxIdempotencyKeys * KEY_ROW_BYTES,
    // Lines, their compressed form, and what the outbox reads of one object while the next is made.
    seal: MAX_OPEN_POSITIONS * 16 + 4 * largestCut + (s3 === null ? 0 : S3_BYTES),
    captures:
      epcis === false ? 0 : CAPTURE_THREADS * CAPTURE_THREAD_BYTES + (ledger.url === null ? PGLITE_BYTES : 0),
    node: (workers + OTHER_THREADS) * ISOLATE_BYTES,
  };
}

export function memorySum(parts: MemoryParts): number {
  return Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
}
