// Which schema the frames of a connection or request are judged by. The version belongs to the sender's firmware, so it
// is said once, where the sender introduces itself (`?schema=telemetry/2`), and not in each record.

import { FRAME_MODE } from '../ring/frame.ts';
import { SCHEMA_ID, unknownSchemaHead } from '../schema/unknown.ts';

/** A stream as one sender uses it. */
export interface StreamInfo {
  readonly name: string;
  /** Number in the registry of the stream with this schema, as in frames. */
  readonly number: number;
  /** What goes before each frame when the schema is unknown (engine/schema/unknown.ts); null when it is not. */
  readonly unknownHead: Uint8Array | null;
}

/** A pair of the registry, as far as it matters here. */
export interface NumberedSchema {
  readonly number: number;
  readonly schema: string;
}

export class StreamSchemas {
  readonly #name: string;
  readonly #unknown: number;
  readonly #known: ReadonlyMap<string, StreamInfo>;
  readonly #preset: StreamInfo;

  /** `accepted`: the stream's own first. `unknown`: number of the pair that frames of other schemas go by. */
  constructor(name: string, accepted: readonly NumberedSchema[], unknown: number) {
    this.#name = name;
    this.#unknown = unknown;
    this.#known = new Map(
      accepted.map(({ number, schema }) => [schema, { name, number, unknownHead: null }]),
    );
    this.#preset = [...this.#known.values()][0] as StreamInfo;
  }

  /** The stream with the schema `asked` for, its own when none is. @returns null when that is no name of a schema. */
  choose(asked: string | undefined): StreamInfo | null {
    if (asked === undefined) return this.#preset;
    const known = this.#known.get(asked);
    if (known !== undefined) return known;
    if (!SCHEMA_ID.test(asked)) return null;
    const unknownHead = unknownSchemaHead(asked, [...this.#known.keys()]);
    return { name: this.#name, number: this.#unknown, unknownHead };
  }
}

/** The mode of a frame in the ring. */
export function modeIn({ unknownHead }: StreamInfo, mode: number): number {
  return unknownHead === null ? mode : FRAME_MODE.unknown;
}

/** The payload of a frame in the ring. Copies only where something goes before it. */
export function payloadIn<T extends ArrayBuffer | Uint8Array>(
  { unknownHead }: StreamInfo,
  frame: T,
): T | Uint8Array {
  if (unknownHead === null) return frame;
  const payload = new Uint8Array(unknownHead.length + frame.byteLength);
  payload.set(unknownHead);
  payload.set(new Uint8Array(frame), unknownHead.length);
  return payload;
}
