// The codec as a pipeline: slabs through `encode`, then lines and leaves gathered from its entries as sealing gathers them,
// and the root of their tree. Both twins, each with the kernels of its kind and none of the other's.

import { HASH_BYTES, merkleRoot } from '../../engine/batch/merkle.ts';
import { ACCEPTED, ENTRY, ENTRY_KIND } from '../../engine/journal/entry.ts';
import { LineBuffer } from '../../engine/seal/line-buffer.ts';
import type { Codec, CreateCodec, Cursor } from '../../workers/codec.ts';
import type { KernelChoice } from '../../workers/kernels.ts';
import { type Addon, createNativeCodec } from '../../workers/native.ts';
import { createPortableCodec } from '../../workers/portable.ts';
import type { Outcome, Pipeline } from './pipeline.ts';
import { type Slabs, STREAM } from './slabs.ts';
import { withKernels } from './with-kernels.ts';

/** Of Gathered in native/gather.h, the words that are read or set here. */
const WORD = { left: 0, lineBytes: 1, earliest: 4, latest: 8, words: 12 } as const;

export class CodecPipeline implements Pipeline {
  readonly name: string;
  readonly kind = 'ours';
  readonly #codec: Codec;
  readonly #kernels: KernelChoice;
  /** Gathers, where the native codec runs. */
  readonly #addon: Addon | null;
  readonly #tree: boolean;
  readonly #cursor: Cursor = { frame: 0, offset: 0, record: 0 };
  readonly #words = new Float64Array(WORD.words);
  readonly #wordBytes = new Uint8Array(this.#words.buffer);
  readonly #lines = new LineBuffer();
  readonly #leaves = new LineBuffer();
  #refused = 0;

  private constructor(codec: Codec, addon: Addon | null, tree: boolean) {
    this.name = codec.name;
    this.#codec = codec;
    this.#kernels = addon === null ? 'portable' : 'auto';
    this.#addon = addon;
    this.#tree = tree;
  }

  /** @param addon null makes the portable twin */
  static async create(addon: Addon | null, tree: boolean): Promise<CodecPipeline> {
    const createCodec: CreateCodec = addon === null ? createPortableCodec : createNativeCodec;
    return new CodecPipeline(await createCodec([STREAM]), addon, tree);
  }

  run(slabs: Slabs): Outcome {
    this.#encode(slabs);
    const leaves = this.#leaves.bytes;
    const root = this.#tree ? withKernels(this.#kernels, () => merkleRoot(leaves)) : new Uint8Array(0);
    return { accepted: leaves.length / HASH_BYTES, refused: this.#refused, leaves, root };
  }

  lines(slabs: Slabs): Uint8Array {
    this.#encode(slabs);
    return Buffer.from(this.#lines.bytes);
  }

  /** Every slab, chunk by chunk as a worker does it. */
  #encode({ slabs }: Slabs): void {
    this.#lines.reset();
    this.#leaves.reset();
    this.#refused = 0;
    const cursor = this.#cursor;
    for (const { view, output } of slabs) {
      view.rejected = 0;
      cursor.frame = 0;
      cursor.offset = 0;
      cursor.record = 0;
      do {
        const bytes = this.#codec.encode(view, cursor, output, ignore);
        if (bytes === 0) throw new Error('the codec stands still');
        const entries = Buffer.from(output.buffer, output.byteOffset, bytes);
        if (this.#addon === null) this.#copy(entries);
        else this.#gather(this.#addon, entries);
      } while (cursor.frame < view.frames);
    }
  }

  /** As sealing does with the addon: records are counted when they are journaled, and copied in one call. */
  #gather(addon: Addon, entries: Buffer): void {
    const view = new DataView(entries.buffer, entries.byteOffset, entries.length);
    let accepted = 0;
    for (let at = 0; at < entries.length; at += view.getUint32(at + ENTRY.bytes, true)) {
      const kind = view.getUint8(at + ENTRY.kind);
      if (kind === ENTRY_KIND.accepted) accepted += 1;
      else if (kind === ENTRY_KIND.refused) this.#refused += 1;
    }
    const words = this.#words;
    words.fill(0);
    words[WORD.left] = accepted;
    words[WORD.lineBytes] = this.#lines.length;
    words[WORD.earliest] = Number.POSITIVE_INFINITY;
    words[WORD.latest] = Number.NEGATIVE_INFINITY;
    const leaves = this.#leaves.room(accepted * HASH_BYTES);
    const taken = addon.gather(entries, this.#lines.room(entries.length), leaves, this.#wordBytes);
    if (taken !== accepted) throw new Error(`gather takes ${taken} of ${accepted} records`);
    this.#lines.extend(words[WORD.lineBytes] as number);
    this.#leaves.extend(this.#leaves.length + accepted * HASH_BYTES);
  }

  /** As sealing does without it. */
  #copy(entries: Buffer): void {
    const view = new DataView(entries.buffer, entries.byteOffset, entries.length);
    for (let at = 0; at < entries.length; at += view.getUint32(at + ENTRY.bytes, true)) {
      const kind = view.getUint8(at + ENTRY.kind);
      if (kind === ENTRY_KIND.accepted) {
        const line = at + ACCEPTED.line;
        this.#leaves.copy(entries, at + ACCEPTED.leaf, at + ACCEPTED.leaf + HASH_BYTES);
        this.#lines.copy(entries, line, line + view.getUint32(at + ACCEPTED.lineBytes, true));
      } else if (kind === ENTRY_KIND.refused) {
        this.#refused += 1;
      }
    }
  }
}

function ignore(): void {}
