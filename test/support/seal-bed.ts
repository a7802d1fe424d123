// A seal stage on a folder of its own, driven step by step: a fed journal on one side, a directory lake on the other, and
// a clock that only moves when the test says so. Opening it again is a restart.

import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectSeal } from '../../engine/batch/seal.ts';
import type { Clock } from '../../engine/clock.ts';
import { type CutConfig, parseConfig, type StreamConfig } from '../../engine/config.ts';
import { listSegments } from '../../engine/journal/segments.ts';
import { openRegistry } from '../../engine/registry.ts';
import { POSITION } from '../../engine/ring/layout.ts';
import type { StreamSpec } from '../../engine/schema/table.ts';
import type { SigningKey } from '../../engine/seal/key.ts';
import { openSealer, type SealerOptions } from '../../engine/seal/open.ts';
import type { Sealer, SealerMessage } from '../../engine/seal/sealer.ts';
import { directorySink } from '../../engine/sink/directory.ts';
import type { Sink } from '../../engine/sink/sink.ts';
import { diskStorage, type Storage } from '../../engine/storage.ts';
import { compress, initCompress } from '../../workers/compress.ts';
import { HASTY_STORAGE, JournalFeed } from './journal-feed.ts';
import { testKey } from './lake.ts';

export const ENGINE = 'test.example/seal';
/** 2026-02-01T12:00:00Z */
export const NOON: number = Date.UTC(2026, 1, 1, 12);

/** A seal as told: of a heartbeat most members are missing. */
export type AnySeal = Omit<ObjectSeal, 'kind'> & { readonly kind: string };

export interface BedOptions {
  readonly cut?: Partial<CutConfig>;
  readonly segmentBytes?: number;
  readonly outputBytes?: number;
  readonly streams?: Record<string, object>;
  readonly schemas?: Record<string, object>;
  readonly sealer?: Partial<SealerOptions>;
  /** Captures are taken: the stream `epcis` has a number, and there is a spool. */
  readonly captures?: boolean;
}

/** Wall and monotonic time, moved by hand. */
export class HandClock implements Clock {
  wall = NOON;
  monotonic = 1000;

  wallMs(): number {
    return this.wall;
  }

  monotonicMs(): number {
    return this.monotonic;
  }

  pass(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
  }
}

export class SealBed {
  readonly folder: string;
  readonly lake: string;
  readonly clock = new HandClock();
  readonly positions = new BigInt64Array(new SharedArrayBuffer(8 * POSITION.words));
  readonly messages: SealerMessage[] = [];
  readonly key: SigningKey = testKey('seal-bed');
  readonly feed: JournalFeed;
  readonly #streams: readonly StreamConfig[];
  readonly #options: BedOptions;

  constructor(folder: string, options: BedOptions = {}) {
    this.folder = folder;
    this.lake = join(folder, 'lake');
    this.#options = options;
    for (const name of ['journal/records', 'journal/seals', 'state/outbox', 'state/log', 'spool']) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    const { cut = {}, schemas = {}, streams = { coldchain: { cut } } } = options;
    this.#streams = parseConfig({ data: folder, schemas, streams } as never).streams;
    const registry = openRegistry(HASTY_STORAGE, join(folder, 'state'), this.#streams, options.captures);
    const specs: StreamSpec[] = this.#streams.map(({ stream, unknownFields, zones }) => ({
      ...{
        number: registry.current(stream).number,
        stream,
        table: registry.current(stream).table,
        unknownFields,
        zones,
        maxRecordsPerFrame: 16_384,
      },
    }));
    const records = join(folder, 'journal/records');
    const newest = listSegments(diskStorage, records).at(-1);
    const end = newest === undefined ? 0 : newest.start + newest.bytes;
    const { segmentBytes, outputBytes } = options;
    this.feed = new JournalFeed(records, end, this.positions, {
      streams: specs,
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
      ...(outputBytes === undefined ? {} : { outputBytes }),
    });
    for (const word of [POSITION.journalDurable, POSITION.journalWritten])
      Atomics.store(this.positions, word, BigInt(end));
    if (end === 0) {
      const source = { no: 1, principal: 'fleet', stream: 'coldchain', session: 'truck-1', named: false };
      this.feed.source(source, NOON);
    }
  }

  sink(): Sink {
    return directorySink(diskStorage, this.lake);
  }

  /** Opens the stage, as after a start. */
  async open(
    storage: Storage = diskStorage,
    sink?: Sink,
    name = { engine: ENGINE, log: 'state/log' },
  ): Promise<Sealer> {
    await initCompress();
    const path = (name: string): string => join(this.folder, name);
    const cuts = Object.fromEntries(this.#streams.map(({ stream, cut }) => [stream, cut]));
    return openSealer({
      folders: {
        records: path('journal/records'),
        seals: path('journal/seals'),
        state: path('state'),
        outbox: path('state/outbox'),
        log: path(name.log),
        spool: path('spool'),
      },
      ...{ lake: this.lake, engine: name.engine, cuts, checkpointEveryMs: 10_000, heartbeatMs: 300_000 },
      segmentBytes: this.#options.segmentBytes ?? 1 << 26,
      quotaBytes: 1 << 32,
      storage,
      sink: sink ?? directorySink(storage, this.lake),
      registry: openRegistry(diskStorage, path('state'), this.#streams, this.#options.captures),
      key: this.key,
      clock: this.clock,
      quality: () => ({ bound_ms: null, offset_ms: null, source: 'system' }),
      compress,
      random: () => 0.5,
      positions: this.positions,
      post: (message) => this.messages.push(message),
      ...this.#options.sealer,
    });
  }

  ofType<T extends SealerMessage['type']>(type: T): Extract<SealerMessage, { type: T }>[] {
    return this.messages.filter((message) => message.type === type) as Extract<SealerMessage, { type: T }>[];
  }

  /** Seals told so far, in log order. */
  seals(): AnySeal[] {
    return this.ofType('sealed').map(({ seal }) => JSON.parse(seal) as AnySeal);
  }

  /** A stop event, then a drain to its end. */
  async drain(sealer: Sealer): Promise<boolean> {
    this.feed.audit({ action: 'stop', at_utc: new Date(this.clock.wall).toISOString() }, this.clock.wall);
    sealer.beginDrain(60_000);
    await settle(sealer);
    return this.ofType('drained').at(-1)?.published ?? false;
  }

  close(): void {
    this.feed.close();
  }
}

/** Steps until there is nothing more to do at this moment. */
export async function settle(sealer: Sealer): Promise<void> {
  while (await sealer.step());
}

/** Every file of a folder by its path below it, and its bytes as base64. */
export function filesOf(folder: string, matching = ''): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1);
    if (name.includes(matching)) files.set(name, readFileSync(path).toString('base64'));
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}
