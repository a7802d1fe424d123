// The codec as a pipeline: slabs through `encode`, leaves gathered from the entries, root of their tree. Both twins.

import { merkleRoot } from '../../engine/batch/merkle.ts';
import { ACCEPTED, ENTRY, ENTRY_KIND } from '../../engine/journal/entry.ts';
import type { Codec, CreateCodec, Cursor } from '../../workers/codec.ts';
import type { Outcome, Pipeline } from './pipeline.ts';
import { type Slab, type Slabs, STREAM } from './slabs.ts';

const HASH_BYTES = 32;

/** The root of a batch's tree as the engine reckons it. One place, so that a faster way needs to be named once. */
const rootOf: (leaves: Uint8Array) => Uint8Array = merkleRoot;

export class CodecPipeline implements Pipeline {
  readonly name: string;
  readonly #codec: Codec;
  readonly #tree: boolean;
  readonly #cursor: Cursor = { frame: 0, offset: 0, record: 0 };
  #leaves: Buffer = Buffer.alloc(0);
  #accepted = 0;
  #refused = 0;

  private constructor(name: string, codec: Codec, tree: boolean) {
    this.name = name;
    this.#codec = codec;
    this.#tree = tree;
  }

  static async create(name: string, createCodec: CreateCodec, tree: boolean): Promise<CodecPipeline> {
    return new CodecPipeline(name, await createCodec([STREAM]), tree);
  }

  run(slabs: Slabs): Outcome {
    if (this.#leaves.length < slabs.records * HASH_BYTES)
      this.#leaves = Buffer.alloc(slabs.records * HASH_BYTES);
    this.#accepted = 0;
    this.#refused = 0;
    this.#encode(slabs, this.#gather);
    const leaves = this.#leaves.subarray(0, this.#accepted * HASH_BYTES);
    const root = this.#tree ? rootOf(leaves) : new Uint8Array(0);
    return { accepted: this.#accepted, refused: this.#refused, leaves, root };
  }

  lines(slabs: Slabs): Uint8Array {
    const lines: Buffer[] = [];
    this.#encode(slabs, ({ output }, bytes) => {
      const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
      for (let at = 0; at < bytes; at += view.getUint32(at + ENTRY.bytes, true)) {
        if (view.getUint8(at + ENTRY.kind) !== ENTRY_KIND.accepted) continue;
        const start = at + ACCEPTED.line;
        lines.push(Buffer.from(output.slice(start, start + view.getUint32(at + ACCEPTED.lineBytes, true))));
      }
    });
    return Buffer.concat(lines);
  }

  /** Every slab, chunk by chunk as a worker does it. */
  #encode({ slabs }: Slabs, chunk: (slab: Slab, bytes: number) => void): void {
    const cursor = this.#cursor;
    for (const slab of slabs) {
      const { view, output } = slab;
      view.rejected = 0;
      cursor.frame = 0;
      cursor.offset = 0;
      cursor.record = 0;
      do {
        const bytes = this.#codec.encode(view, cursor, output, ignore);
        if (bytes === 0) throw new Error('the codec stands still');
        chunk(slab, bytes);
      } while (cursor.frame < view.frames);
    }
  }

  /** Counts the entries of a chunk and puts their leaves behind each other, as sealing does. */
  readonly #gather = (slab: Slab, bytes: number): void => {
    const { output } = slab;
    const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
    const from = Buffer.from(output.buffer, output.byteOffset, output.byteLength);
    let accepted = this.#accepted;
    for (let at = 0; at < bytes; at += view.getUint32(at + ENTRY.bytes, true)) {
      const kind = view.getUint8(at + ENTRY.kind);
      if (kind === ENTRY_KIND.accepted) {
        const leaf = at + ACCEPTED.leaf;
        from.copy(this.#leaves, accepted * HASH_BYTES, leaf, leaf + HASH_BYTES);
        accepted += 1;
      } else if (kind === ENTRY_KIND.refused) {
        this.#refused += 1;
      }
    }
    this.#accepted = accepted;
  };
}

function ignore(): void {}
