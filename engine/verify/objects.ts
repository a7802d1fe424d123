// What all logs of a lake share while they are verified: which keys some seal names, what came of each object, which
// schemas were looked at. Two logs may name the same schema; each object is of one log.

import { sha256Hex } from '../batch/merkle.ts';
import type { ObjectSeal } from '../batch/seal.ts';
import { UnfitFile } from './files.ts';
import { KeySet } from './keyset.ts';
import type { Lake } from './lake.ts';
import type { ObjectJob, ObjectResult } from './object.ts';
import type { Findings } from './report.ts';

const SCHEMA = /^[a-z][a-z0-9-]{0,62}\/[1-9][0-9]{0,5}$/;
const MAX_SCHEMA_BYTES = 1 << 24;
/** Objects that are not what or where they should be, remembered to be looked for elsewhere. */
const MAX_REMEMBERED = 100_000;

export class Objects {
  readonly named: KeySet = new KeySet();
  /** Objects that are not at their key: last segment of the key → the key. */
  readonly missing: Map<string, string> = new Map<string, string>();
  count = 0;
  records = 0;
  bytes = 0;
  readonly #lake: Lake;
  readonly #findings: Findings;
  readonly #schemas = new Set<string>();
  /** Altered objects: SHA-256 found → key, and SHA-256 that should be there → key. */
  readonly #foundAt = new Map<string, string>();
  readonly #wantedAt = new Map<string, string>();

  constructor(lake: Lake, findings: Findings) {
    this.#lake = lake;
    this.#findings = findings;
  }

  /** A seal names an object and a schema; the schema is checked the first time. */
  async name(origin: string, index: number, seal: ObjectSeal): Promise<void> {
    this.named.add(seal.key);
    const key = `_schema/${seal.schema}/${seal.schema_sha256}.json`;
    if (!SCHEMA.test(seal.schema) || this.#schemas.has(key)) return;
    this.#schemas.add(key);
    this.named.add(key);
    const add = (verdict: 'MISSING' | 'ALTERED', reason: string): void =>
      this.#findings.add(verdict, origin, key, index, reason);
    try {
      const file = await this.#lake.readFile(key, MAX_SCHEMA_BYTES);
      if (file === null) add('MISSING', 'the schema that the seal names is not there');
      else if (sha256Hex(file) !== seal.schema_sha256) add('ALTERED', 'the schema does not hash to its name');
    } catch (error) {
      if (!(error instanceof UnfitFile)) throw error;
      add('ALTERED', error.message);
    }
  }

  /** Takes what came of one object. */
  take({ origin, index, seal, doubtful }: ObjectJob, { problem, sha256, bytes }: ObjectResult): void {
    this.count++;
    this.bytes += bytes;
    if (problem === null) {
      this.#findings.counts.OK++;
      this.records += seal.count;
      return;
    }
    const doubt = doubtful ? ' (this seal is not the one whose hash was published)' : '';
    this.#findings.add(problem.verdict, origin, seal.key, index, problem.reason + doubt);
    if (problem.verdict === 'MISSING' && this.missing.size < MAX_REMEMBERED) {
      this.missing.set(seal.key.slice(seal.key.lastIndexOf('/') + 1), seal.key);
    }
    if (problem.verdict === 'ALTERED' && sha256 !== null && this.#foundAt.size < MAX_REMEMBERED) {
      this.#foundAt.set(sha256, seal.key);
      this.#wantedAt.set(seal.zstd_sha256, seal.key);
    }
  }

  /** After the last object: those that lie under each other's names were not altered but moved. */
  exchanged(): void {
    for (const [sha256, key] of this.#foundAt) {
      const home = this.#wantedAt.get(sha256);
      if (home === undefined || home === key) continue;
      this.#findings.replace('ALTERED', key, 'MISPLACED', `holds the object of ${home}`);
    }
  }
}
