// The engine as the program that embeds it sees it: what `createEngine` gives (DESIGN.md §2, Library).

import type { IngestInput, IngestOptions } from './frontend/input.ts';
import type { IngestResult } from './reply.ts';
import type { EngineStatus } from './status.ts';

/** A running engine. */
export interface Engine {
  /** `http://host:port` or `https://…`; null when `listen` is false. */
  readonly url: string | null;
  /**
   * Takes records for `stream`: NDJSON or a JSON array as bytes or text (one frame), or records as objects (as many
   * frames as they need). Resolves when all of it is durable, accepted and refused records alike.
   * @throws EngineBusy when there is no room within the bounded wait; RangeError over `maxFrameBytes`; TypeError for an
   *   unknown stream or anything else than these.
   */
  ingest(stream: string, input: IngestInput, options?: IngestOptions): Promise<IngestResult>;
  status(): EngineStatus;
  /** Every batch from now on, as its seal, once it is in the lake and in the log. */
  seals(): AsyncIterableIterator<Record<string, unknown>>;
  /** Drains: nothing acknowledged is left unsealed (within `drain` seconds). @returns true when all of it is in the lake. */
  close(): Promise<boolean>;
}
