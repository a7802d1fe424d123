// The engine as the program that embeds it sees it: what `createEngine` gives (DESIGN.md §2, Library).

import type { IngestInput, IngestOptions } from './frontend/input.ts';
import type { IngestResult } from './reply.ts';
import type { EngineStatus } from './status.ts';

/** How a document is captured. */
export interface CaptureOptions {
  /** `application/json`, `application/ld+json`, `application/xml` or `text/xml`. */
  readonly type: string;
  /** Whether one refused event refuses all (`rollback`, the default) or only itself. */
  readonly behaviour?: 'rollback' | 'proceed';
}

/** A document that was taken, durably. `replay`: the same bytes came before, and this is their job. */
export interface Captured {
  readonly id: string;
  readonly replay: boolean;
}

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
  /**
   * Takes an EPCIS document, XML or JSON. Resolves when it is durable; what became of its events is told by
   * `GET /epcis/capture/{id}`.
   * @throws CaptureRefused for a fault of the document, with its findings; EngineBusy where there is no room; RangeError
   *   over `epcis.maxBodyBytes`; TypeError where the engine takes no captures, or for any other media type.
   */
  capture(bytes: Uint8Array, options: CaptureOptions): Promise<Captured>;
  status(): EngineStatus;
  /** Every batch from now on, as its seal, once it is in the lake and in the log. */
  seals(): AsyncIterableIterator<Record<string, unknown>>;
  /** Drains: nothing acknowledged is left unsealed (within `drain` seconds). @returns true when all of it is in the lake. */
  close(): Promise<boolean>;
}
