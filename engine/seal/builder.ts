// Builds the object of a cut and what its seal says about it. A pure function of the cut, the record journal and the
// fold's sources: building again after a crash gives the same bytes.

import { merkleRoot, sha256Hex } from '../batch/merkle.ts';
import { type ObjectClass, objectKey } from '../batch/object-key.ts';
import { FORMAT, type Seal } from '../batch/seal.ts';
import { utc } from '../clock.ts';
import { FatalError } from '../errors.ts';
import type { Fold } from '../journal/fold.ts';
import type { JournalFile } from '../journal/reader.ts';
import { MAX_OBJECT_BYTES } from '../limits.ts';
import type { Registry } from '../registry.ts';
import { EPCIS_STREAM } from '../schema/epcis-event.ts';
import { type Content, ContentReader } from './content.ts';
import type { Cut } from './cut.ts';
import type { PendingCut } from './cutter.ts';
import { AUDIT_SCHEMA, AUDIT_SHA256, DEAD_LETTER_SCHEMA, DEAD_LETTER_SHA256 } from './lake-files.ts';
import { dayText } from './partitions.ts';
import { RunReader } from './run-reader.ts';
import type { Runs } from './runs.ts';
import type { SpoolReader } from './spool-reader.ts';
import { VerdictContent } from './verdict-content.ts';

export interface BuilderOptions {
  readonly engine: string;
  readonly registry: Registry;
  readonly records: JournalFile;
  readonly fold: Fold;
  /** What the verdicts of captures point at. */
  readonly spool: SpoolReader;
  /** One zstd frame. */
  readonly compress: (bytes: Uint8Array) => Uint8Array;
}

/** A seal without its place in the chain, and the object that it is about (null: heartbeat). */
export interface Built {
  readonly seal: Seal;
  readonly object: Uint8Array | null;
}

export class Builder {
  readonly #options: BuilderOptions;
  readonly #content: ContentReader;
  /** Made with the first batch of events: an engine without captures does without its buffers. */
  #events: VerdictContent | null = null;

  constructor(options: BuilderOptions) {
    const { registry, fold, records } = options;
    this.#options = options;
    this.#content = new ContentReader(new RunReader(records), {
      schema: (stream) => registry.byNumber(stream),
      source: (no) => fold.sources.get(no),
    });
  }

  /** @param prev SHA-256 of the seal before, hex. The object is valid until the next call. */
  build({ cut, runs }: PendingCut, prev: string): Built {
    const common = {
      acct: cut.acct,
      clock: cut.clock,
      engine: this.#options.engine,
      format: FORMAT,
      prev,
      sealed_utc: utc(cut.sealedMs),
    } as const;
    if (cut.kind === 'heartbeat' || runs === null)
      return { seal: { ...common, kind: 'heartbeat', count: 0 }, object: null };
    const { ndjson, leaves, excursions, tsMin, tsMax } = this.#contentOf(cut, runs);
    const root = Buffer.from(merkleRoot(leaves)).toString('hex');
    const object = this.#options.compress(ndjson);
    if (object.length > MAX_OBJECT_BYTES)
      throw new FatalError(`an object of ${object.length} bytes: cut.bytes is too large`);
    const { cls, schema, schemaSha256 } = this.#names(cut);
    const seal: Seal = {
      ...common,
      kind: cut.kind,
      count: cut.count,
      excursions,
      first_seq: String(cut.firstSeq),
      last_seq: String(cut.firstSeq + cut.count - 1),
      key: objectKey(cls, dayText(cut.day), root, String(cut.firstSeq)),
      ndjson_bytes: ndjson.length,
      ndjson_sha256: sha256Hex(ndjson),
      root,
      schema,
      schema_sha256: schemaSha256,
      ts_max: tsMax,
      ts_min: tsMin,
      zstd_bytes: object.length,
      zstd_sha256: sha256Hex(object),
    };
    return { seal, object };
  }

  #contentOf(cut: Cut, runs: Runs): Content {
    const { registry } = this.#options;
    if (cut.kind !== 'audit' && registry.byNumber(cut.stream).stream === EPCIS_STREAM) {
      const events = this.#eventContent();
      if (cut.kind === 'records') return events.records(runs);
      return events.deadLetters(runs, registry.byNumber(cut.stream).schema);
    }
    if (cut.kind === 'records') return this.#content.records(runs);
    return cut.kind === 'audit' ? this.#content.audit(runs) : this.#content.deadLetters(runs);
  }

  #eventContent(): VerdictContent {
    const { records, spool, fold } = this.#options;
    this.#events ??= new VerdictContent(new RunReader(records), spool, {
      capture: (id) => fold.captures.byId.get(id),
    });
    return this.#events;
  }

  #names(cut: Cut): { cls: ObjectClass; schema: string; schemaSha256: string } {
    if (cut.kind === 'audit')
      return { cls: { kind: 'audit' }, schema: AUDIT_SCHEMA, schemaSha256: AUDIT_SHA256 };
    const { stream, schema, schemaSha256 } = this.#options.registry.byNumber(cut.stream);
    if (cut.kind === 'records') return { cls: { kind: 'records', stream }, schema, schemaSha256 };
    return {
      cls: { kind: 'dead-letter', stream },
      schema: DEAD_LETTER_SCHEMA,
      schemaSha256: DEAD_LETTER_SHA256,
    };
  }
}
