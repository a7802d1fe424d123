// A lake made by hand: batches, seals, log and checkpoints written with the format functions alone, without the engine.
// Sound as it comes; every lie that a test wants to tell is told through `tweak` and properly hashed and signed.

import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { auditLine, deadLetterLine } from '../../engine/batch/lines.ts';
import { leafHash, merkleRoot, sha256Hex } from '../../engine/batch/merkle.ts';
import { classKey, type ObjectClass, objectKey } from '../../engine/batch/object-key.ts';
import { FORMAT, NO_PREV, type Seal } from '../../engine/batch/seal.ts';
import { checkpointText } from '../../engine/seal/checkpoint.ts';
import type { SigningKey } from '../../engine/seal/key.ts';
import { signNote, vkey } from '../../engine/seal/note.ts';
import { policyText } from '../../engine/seal/policy.ts';
import { encodeBundle, newTiles, TILE_WIDTH, tilePath } from '../../engine/seal/tiles.ts';
import { canonicalise } from '../../workers/canonicalise.ts';
import { compress, initCompress } from '../../workers/compress.ts';

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** An Ed25519 key that is the same in every run: its seed is the hash of `name`. */
export function testKey(name: string): SigningKey {
  const seed = createHash('sha256').update(name).digest();
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { publicKey: new Uint8Array(spki.subarray(-32)), sign: (bytes) => sign(null, bytes, key) };
}

/** What a batch is made of. `lines` without LF, in file order; `times` their own instants. */
export interface Batch {
  readonly cls: ObjectClass;
  readonly day: string;
  readonly lines: readonly string[];
  readonly times: readonly string[];
  readonly schema: string;
  readonly excursions?: number;
  /** Changes the seal before it is encoded. */
  readonly tweak?: (seal: Record<string, unknown>) => Record<string, unknown>;
}

/** Writes one log, and its objects, into `folder`. */
export class LakeBuilder {
  readonly folder: string;
  readonly origin: string;
  readonly key: SigningKey;
  readonly seals: Uint8Array[] = [];
  readonly keys: string[] = [];
  readonly acct = { accepted: 0, duplicate: 0, rejected: 0 };
  #published = 0;
  #clockMs = Date.UTC(2026, 1, 2, 8);
  readonly #next = new Map<string, number>();

  constructor(folder: string, origin: string) {
    this.folder = folder;
    this.origin = origin;
    this.key = testKey(origin);
    this.write(`_log/${origin}/policy`, policyText([{ name: origin, publicKey: this.key.publicKey }]));
  }

  get vkey(): string {
    return vkey(this.origin, this.key.publicKey);
  }

  write(key: string, body: Uint8Array | string): void {
    const path = join(this.folder, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, body);
  }

  read(key: string): Buffer {
    return readFileSync(join(this.folder, key));
  }

  remove(key: string): void {
    rmSync(join(this.folder, key));
  }

  /** `count` readings of one stream and day; every tenth is an excursion. */
  records(stream: string, day: string, count: number, tweak?: Batch['tweak']): string {
    const schema = stream === 'freezer' ? 'probe/2' : 'telemetry/1';
    const times = Array.from({ length: count }, (_, i) => {
      const second = String(i % 60).padStart(2, '0');
      // A fraction, none, and the other spelling of UTC; not in order of time.
      return [
        `${day}T10:00:${second}.${i % 10}5Z`,
        `${day}T09:00:${second}Z`,
        `${day}T11:00:${second}+00:00`,
      ][i % 3] as string;
    });
    const lines = times.map((timestamp_utc, i) =>
      canonicalise({
        compliance_state: i % 10 === 9 ? 'excursion' : 'within_spec',
        received_utc: `${day}T12:00:00.000Z`,
        sensor_id: `sensor-${i % 7}`,
        temperature_c: [-18.25, 4, 1e-7, 0.1][i % 4],
        timestamp_utc,
        zone_id: 'DOCK-Ä1',
      }),
    );
    this.acct.accepted += count;
    const batch = {
      cls: { kind: 'records', stream } as const,
      day,
      lines,
      times,
      schema,
      excursions: Math.floor(count / 10),
    };
    return this.batch(tweak === undefined ? batch : { ...batch, tweak });
  }

  deadLetters(stream: string, day: string, count: number): string {
    const times = Array.from(
      { length: count },
      (_, i) => `${day}T13:00:${String(i % 60).padStart(2, '0')}.250Z`,
    );
    const lines = times.map((received_utc, i) =>
      deadLetterLine({
        code: 'field.range',
        detail: 'temperature_c is above 100',
        path: '/temperature_c',
        raw: Buffer.from(`{"temperature_c": ${100 + i}}`),
        received_utc,
        rejected_utc: received_utc,
        schema: 'telemetry/1',
        source: { frame: i, principal: 'dock', record: 0, session: null },
      }),
    );
    this.acct.rejected += count;
    return this.batch({ cls: { kind: 'dead-letter', stream }, day, lines, times, schema: 'dead-letter/1' });
  }

  audit(day: string, actions: readonly string[], tweak?: Batch['tweak']): string {
    const times = actions.map((_, i) => `${day}T14:00:0${i}.000Z`);
    const lines = actions.map((action, i) =>
      auditLine({
        action,
        actor: 'system',
        at_utc: times[i] as string,
        authorised_by: null,
        new: { nested: [1, { deep: 'ü' }] },
        old: null,
        reason: 'a "quoted"\nreason\u0001',
        target: 'engine',
      }),
    );
    const batch = { cls: { kind: 'audit' } as const, day, lines, times, schema: 'audit/1' };
    return this.batch(tweak === undefined ? batch : { ...batch, tweak });
  }

  heartbeat(tweak: (seal: Record<string, unknown>) => Record<string, unknown> = (seal) => seal): void {
    this.#seal(tweak({ ...this.#common(), count: 0, kind: 'heartbeat' }));
  }

  /** Writes object and schema, appends the seal. @returns the object's key. */
  batch({ cls, day, lines, times, schema, excursions = 0, tweak = (seal) => seal }: Batch): string {
    const body = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    const root = Buffer.from(
      merkleRoot(Buffer.concat(lines.map((line) => leafHash(Buffer.from(line))))),
    ).toString('hex');
    const first = this.#next.get(classKey(cls)) ?? 1;
    this.#next.set(classKey(cls), first + lines.length);
    const key = objectKey(cls, day, root, String(first));
    const frame = compress(body);
    const document = canonicalise({ title: schema, type: 'object' });
    const schemaSha256 = sha256Hex(Buffer.from(document));
    const instant = (text: string): string =>
      `${text.slice(0, 19)}${(/\.(\d+)/.exec(text)?.[1] ?? '').padEnd(9, '0')}`;
    const ordered = times.toSorted((a, b) =>
      instant(a) < instant(b) ? -1 : instant(a) > instant(b) ? 1 : 0,
    );
    this.write(`_schema/${schema}/${schemaSha256}.json`, document);
    this.write(key, frame);
    this.keys.push(key);
    this.#seal(
      tweak({
        ...this.#common(),
        count: lines.length,
        excursions,
        first_seq: String(first),
        key,
        kind: cls.kind,
        last_seq: String(first + lines.length - 1),
        ndjson_bytes: body.length,
        ndjson_sha256: sha256Hex(body),
        root,
        schema,
        schema_sha256: schemaSha256,
        ts_max: ordered.find((time) => instant(time) === instant(ordered.at(-1) as string)) ?? '',
        ts_min: ordered[0],
        zstd_bytes: frame.length,
        zstd_sha256: sha256Hex(frame),
      }),
    );
    return key;
  }

  #common(): Omit<Seal, 'kind' | 'count'> {
    this.#clockMs += 1500;
    const { accepted, duplicate, rejected } = this.acct;
    const last = this.seals.at(-1);
    return {
      acct: {
        accepted: String(accepted),
        duplicate: String(duplicate),
        received: String(accepted + duplicate + rejected),
        rejected: String(rejected),
      },
      clock: { bound_ms: 12, offset_ms: -3, source: 'chrony' },
      engine: this.origin,
      format: FORMAT,
      prev: last === undefined ? NO_PREV : sha256Hex(last),
      sealed_utc: new Date(this.#clockMs).toISOString(),
    };
  }

  #seal(seal: Record<string, unknown>): void {
    this.seals.push(Buffer.from(canonicalise(seal)));
  }

  leaves(size: number = this.seals.length): Buffer {
    return Buffer.concat(this.seals.slice(0, size).map(leafHash));
  }

  /** The signed checkpoint of the first `size` seals. */
  checkpoint(size: number = this.seals.length, root: Uint8Array = merkleRoot(this.leaves(size))): string {
    return signNote(checkpointText(this.origin, size, root), this.origin, this.key);
  }

  /** Tiles and checkpoint of all seals so far; with `keep` also a copy in `checkpoints/`. */
  publish(keep: boolean): void {
    const size = this.seals.length;
    for (const { level, number, width } of newTiles(this.#published, size)) {
      const base = `_log/${this.origin}/`;
      this.write(base + tilePath({ level, number, width }), this.#hashes(level as number, number, width));
      if (level !== 0) continue;
      const entries = this.seals.slice(number * TILE_WIDTH, number * TILE_WIDTH + width);
      this.write(base + tilePath({ level: 'entries', number, width }), encodeBundle(entries));
    }
    this.write(`_log/${this.origin}/checkpoint`, this.checkpoint());
    if (keep)
      this.write(`_log/${this.origin}/checkpoints/${String(size).padStart(20, '0')}`, this.checkpoint());
    this.#published = size;
  }

  /** Writes tiles and checkpoint of all seals from nothing. */
  republish(): void {
    this.#published = 0;
    this.publish(false);
  }

  #hashes(level: number, number: number, width: number): Uint8Array {
    const span = TILE_WIDTH ** level;
    const leaves = this.leaves();
    return Buffer.concat(
      Array.from({ length: width }, (_, i) => {
        const from = (number * TILE_WIDTH + i) * span * 32;
        return merkleRoot(leaves.subarray(from, from + span * 32));
      }),
    );
  }
}

/** A sound lake of two streams, three days, dead letters, audit from start to stop, heartbeats and two kept checkpoints. */
export async function soundLake(folder: string, origin = 'cold.example/plant7-a'): Promise<LakeBuilder> {
  await initCompress();
  const lake = new LakeBuilder(folder, origin);
  lake.audit('2026-02-01', ['start', 'store.probe']);
  lake.records('coldchain', '2026-01-31', 25);
  lake.records('coldchain', '2026-02-01', 130);
  lake.publish(true);
  lake.heartbeat();
  lake.acct.duplicate += 3;
  lake.deadLetters('coldchain', '2026-02-01', 4);
  lake.records('freezer', '2026-02-01', 1);
  lake.publish(false);
  lake.records('coldchain', '2026-01-31', 2);
  lake.deadLetters('freezer', '2026-02-01', 1);
  lake.heartbeat();
  lake.audit('2026-02-01', ['config.change', 'stop']);
  lake.publish(true);
  return lake;
}

/** A sound lake whose log is longer than one tile: full tiles, a tile of level 1, earlier partial ones. */
export async function longLake(folder: string, origin = 'cold.example/plant7-a'): Promise<LakeBuilder> {
  const lake = await soundLake(folder, origin);
  while (lake.seals.length < 200) lake.heartbeat();
  lake.publish(true);
  for (let i = 0; i < 60; i++) lake.records('coldchain', '2026-02-02', 1 + (i % 3));
  while (lake.seals.length < 520) lake.heartbeat();
  lake.publish(false);
  lake.records('freezer', '2026-02-03', 3);
  lake.publish(true);
  return lake;
}
