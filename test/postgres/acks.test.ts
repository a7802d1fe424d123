// Acknowledgements of a ledger on a real server.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { acksContract } from '../capture/acks.ts';
import { programs, startPostgres } from './start.mjs';

const has = programs() !== null;
if (!has) console.warn('no PostgreSQL server here: its tests are skipped');

describe.skipIf(!has)('postgres', () => {
  const dir = mkdtempSync(join(tmpdir(), 'firn-postgres-acks-'));
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let made = 0;

  beforeAll(async () => {
    server = await startPostgres(dir);
  });
  afterAll(async () => {
    await server?.down('immediate');
    rmSync(dir, { recursive: true, force: true });
  });

  acksContract('PostgreSQL', {
    url: async () => {
      made += 1;
      return server.database(`acks${made}`);
    },
    prepare: () => undefined,
  });
});
