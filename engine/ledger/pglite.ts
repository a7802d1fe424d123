// The ledger's database where no server is given: PGlite, PostgreSQL in WebAssembly, in this process and one folder.
//
// It has one connection, so a transaction keeps everything else waiting. It never asks the system to sync (its fsync calls end
// in the WebAssembly file layer, whatever the setting): a committed transaction survives the end of the process at any
// moment, since its write-ahead log was written to the system, and may not survive a power cut. So a note beside the folder
// has the id of the system's boot while the database is open: one from another boot means that it is in doubt.
//
// Memory: the first start runs initdb, which takes 770 MB that the process does not give back; so that runs in a thread that
// ends. With the settings below the running database takes about 190 MB.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import type { Database, Parameter, Row, Transaction } from './database.ts';
import { Statements } from './pglite-statements.ts';
import { databaseError } from './trouble.ts';

const SETTINGS = [
  'shared_buffers=16MB',
  'wal_buffers=1MB',
  'max_wal_size=128MB',
  'max_connections=4',
  // Nothing ever counts rows here (no autovacuum), and a plan without counts reads whole tables for a few thousand keys.
  'enable_seqscan=off',
  'timezone=UTC',
  'datestyle=ISO',
];

/** Makes the folder of a new database in a thread, next to its place, and moves it there when it is whole. */
async function initialise(folder: string): Promise<void> {
  const making = `${folder}.making`;
  rmSync(making, { recursive: true, force: true });
  rmSync(`${folder}.boot`, { force: true });
  mkdirSync(dirname(folder), { recursive: true });
  // A module of its own in every case: a script would be read as the flags of this process say.
  const code = `import { workerData } from 'node:worker_threads';
    const { PGlite } = await import(workerData.module);
    await (await PGlite.create({ dataDir: workerData.folder })).close();`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    workerData: { module: import.meta.resolve('@electric-sql/pglite'), folder: making },
  });
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', (status) =>
      status === 0 ? resolve() : reject(new Error(`initdb ended with ${status}`)),
    );
  });
  renameSync(making, folder);
}

/** Id of this boot; where the system tells none, every end that was not orderly leaves doubt. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `unknown ${process.pid} ${Date.now()}`;
  }
}

const DOUBT =
  'the system went down while the ledger was open, and PGlite does not sync: build it again from the lake';

/** Lets one in at a time, in the order in which they came. */
class Turn {
  #last: Promise<void> = Promise.resolve();

  /** @returns what ends the turn. */
  async take(): Promise<() => void> {
    const before = this.#last;
    let end: () => void = () => undefined;
    this.#last = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    return end;
  }
}

/** Opens the database in `folder`, making it when it is not there. */
export async function openPglite(folder: string): Promise<Database> {
  if (!existsSync(join(folder, 'PG_VERSION'))) await initialise(folder);
  const own = PGlite.defaultStartParams.filter((parameter) => parameter !== '-F');
  const lite = await PGlite.create({
    dataDir: folder,
    startParams: [...own, ...SETTINGS.flatMap((setting) => ['-c', setting])],
  }).catch((error: unknown) => {
    throw databaseError(error);
  });
  const note = `${folder}.boot`;
  const doubt = existsSync(note) && readFileSync(note, 'utf8') !== bootId() ? DOUBT : null;
  // A doubt stays until the folder is made anew.
  if (doubt === null) writeFileSync(note, bootId());
  const turn = new Turn();
  const statements = new Statements(lite);
  const ask = async (sql: string, parameters: readonly Parameter[] = []): Promise<readonly Row[]> => {
    try {
      return await statements.ask(sql, parameters);
    } catch (error) {
      throw databaseError(error);
    }
  };
  const during = async <T>(work: () => Promise<T>): Promise<T> => {
    const end = await turn.take();
    return work().finally(end);
  };
  return {
    doubt,
    query: (sql, parameters) => during(() => ask(sql, parameters)),
    async begin(): Promise<Transaction> {
      const end = await turn.take();
      let open = true;
      const over = async (sql: string): Promise<void> => {
        if (!open) return;
        open = false;
        await ask(sql).finally(end);
      };
      await ask('BEGIN').catch((error: unknown) => {
        end();
        throw error;
      });
      return {
        query(sql, parameters) {
          if (!open) throw new Error('assertion: the transaction is over');
          return ask(sql, parameters);
        },
        commit: () => over('COMMIT'),
        rollback: () => over('ROLLBACK').catch(() => undefined),
      };
    },
    run: (script) =>
      during(async () => {
        await lite.exec(script).catch((error: unknown) => {
          throw databaseError(error);
        });
      }),
    close: () =>
      during(async () => {
        await lite.close();
        if (doubt === null) rmSync(note, { force: true });
      }),
  };
}
