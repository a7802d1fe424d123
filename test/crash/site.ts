// A place to run an engine: a data folder, a lake, a configuration and the process. Limits are small, so that segments,
// cuts, checkpoints and snapshots all happen within a round.

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigInput } from '../../engine/config.ts';
import { EngineProcess } from './engine-process.ts';
import { type CrashLake, directoryLake } from './lake.ts';
import { pick, type Random } from './random.ts';

export interface Site {
  readonly folder: string;
  readonly data: string;
  readonly lake: CrashLake;
  readonly engine: EngineProcess;
  readonly url: string;
  /** Starts the engine, on a store that has some trouble. */
  start(): Promise<void>;
  /** Writes the configuration for the next start. */
  configure(changes: ConfigInput): void;
  remove(): void;
}

/** A new folder with an engine that was not started yet, and its lake: a folder in it, or what `lakeOf` makes. */
export async function openSite(lakeOf?: (folder: string) => CrashLake): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'firn-crash-'));
  const data = join(folder, 'data');
  const lake = lakeOf?.(folder) ?? directoryLake(join(folder, 'lake'));
  const port = await freePort();
  const file = join(folder, 'firn.json');
  const configure = (changes: ConfigInput): void => {
    const config: ConfigInput = {
      data,
      lake: lake.location,
      ...(lake.s3 !== undefined && { s3: lake.s3 }),
      listen: { port },
      journal: { segmentBytes: 4 << 20, minFreeBytes: 0 },
      log: { level: 'warn' },
      ...changes,
    };
    writeFileSync(file, JSON.stringify(config));
  };
  configure({});
  const engine = new EngineProcess(['--config', file]);
  return {
    ...{ folder, data, lake, engine },
    url: `http://127.0.0.1:${port}`,
    configure,
    start: async () => {
      await lake.trouble('start');
      engine.start();
    },
    remove: () => {
      lake.drop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Cuts of an epoch: small and frequent, or rather large. */
export function drawCuts(random: Random): ConfigInput {
  const cut = { records: pick(random, [100, 1000, 3000, 20_000]), age: pick(random, [0.1, 0.5, 2]) };
  return { streams: { coldchain: { cut: { ...cut, lateAge: 2 * cut.age } } } };
}

/** What an engine that was killed has left in its folders. */
export interface Remains {
  /** Objects on their way to the lake. */
  readonly outbox: number;
  /** Objects that were just being put. */
  readonly unfinished: number;
  /** Files of the state that were just being replaced, or claims on the lock. */
  readonly halfState: number;
  readonly segments: number;
}

export function remainsOf(site: Site): Remains {
  const list = (...path: string[]): string[] => {
    const folder = join(site.data, ...path);
    return existsSync(folder) ? readdirSync(folder) : [];
  };
  return {
    outbox: list('state', 'outbox').length,
    unfinished: site.lake.unfinished(),
    halfState: list('state').filter((name) => /\.tmp$|^lock\./.test(name)).length,
    segments: list('journal', 'records').length,
  };
}

/** A free port below those that the system gives to clients: none of them can take it while an engine is down. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(20_000 + Math.floor(Math.random() * 10_000), '127.0.0.1');
    const port = await new Promise<number | null>((resolve) => {
      server.once('error', () => resolve(null));
      server.once('listening', () => resolve((server.address() as { port: number }).port));
    });
    if (port === null) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
