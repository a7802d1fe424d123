// A frame in a slab: a header of 48 bytes, then the payload, padded to 8. All numbers little-endian.
//
//   0 u32 bytes      payload length                        16 f64 frame      its number in the session
//   4 u8  kind       FRAME_KIND                            24 f64 receivedMs Unix ms, when the frame came in
//   5 u8  mode       FRAME_MODE                            32 u32 slot       the frontend's own row
//   6 u8  flags      1 = refuse as codec.crash             36 u32 accepted   written by the worker
//   8 u32 stream     number in the registry                40 u32 rejected   written by the worker
//  12 u32 source     number of its source entry            44 u32 refusal    written by the worker: code of a refusal
//  48 payload                                                                of the whole frame, else 0
//
// Writer of everything else: frontend, before the slab is published. `flags` also by the pool, between two attempts.

export const FRAME_HEADER_BYTES = 48;

export const FRAME = {
  bytes: 0,
  kind: 4,
  mode: 5,
  flags: 6,
  stream: 8,
  source: 12,
  frame: 16,
  receivedMs: 24,
  slot: 32,
  accepted: 36,
  rejected: 40,
  refusal: 44,
} as const;

/** `data` is parsed; every other kind is a control frame: its payload goes to the journal as the entry of that kind. */
export const FRAME_KIND = {
  data: 1,
  source: 4,
  audit: 5,
  duplicate: 6,
  forget: 7,
  key: 8,
  capture: 9,
  verdict: 10,
  captured: 11,
} as const;

/**
 * How a data frame is split: by its first byte (WebSocket), as one JSON text, or as lines. `unknown`: it is no codec's, since
 * its sender names a schema that the stream does not take; the worker refuses it whole (engine/schema/unknown.ts).
 */
export const FRAME_MODE = { auto: 0, json: 1, lines: 2, unknown: 3 } as const;

export const FRAME_FLAG = { crash: 1 } as const;

/** Bytes that a frame of `payload` bytes takes in a slab. */
export function frameBytes(payload: number): number {
  return (FRAME_HEADER_BYTES + payload + 7) & ~7;
}
