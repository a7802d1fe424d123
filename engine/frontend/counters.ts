// What the front end has counted since it started. Records are counted when they become durable, so
// received = accepted + rejected + duplicate at any moment.

export interface Counters {
  accepted: number;
  rejected: number;
  duplicate: number;
  /** Connections and requests that were refused: by table, limit, drain, or for lack of room. */
  refused: number;
}

export function newCounters(): Counters {
  return { accepted: 0, rejected: 0, duplicate: 0, refused: 0 };
}

/** The state of the front end in numbers: behind `/v1/status`, `/metrics` and the live line. */
export interface FrontendStatus {
  readonly connections: number;
  readonly sessions: number;
  readonly keys: number;
  /** HTTP requests and ingest() calls under way. */
  readonly requests: number;
  readonly received: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly duplicate: number;
  readonly frames: number;
  /** Bytes of frames as they lie in the ring, headers included. */
  readonly bytes: number;
  readonly refused: number;
  /** From the frame's arrival to its acknowledgement, milliseconds, since the start. */
  readonly ackMs: {
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
    readonly count: number;
  };
  /** Frames that a connection may have unacknowledged now. */
  readonly window: number;
  /** Slabs in flight / slabs of the ring, 0–1. */
  readonly ring: number;
  readonly journal: number;
  readonly accepting: boolean;
}
