// A trial, small: the whole way from the load generator through firn to a verified lake, and what becomes of wrong answers.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BARE_SERVER } from '../../bench/servers/bare.ts';
import { firnServer } from '../../bench/servers/firn.ts';
import type { Server } from '../../bench/servers/server.ts';
import { runTrial, TrialError } from '../../bench/trial.ts';
import { makeWorkload, writeWorkload } from '../../bench/workload.ts';

const BUILD = fileURLToPath(new URL('../../bench/load/build.mjs', import.meta.url));
const SHAPE = { key: 'small', title: 'small', connections: 20, recordsPerFrame: 3, burst: 4, window: 16 };

const built = spawnSync(process.execPath, [BUILD], { encoding: 'utf8' });
const why = built.status === 0 ? '' : ` (skipped: ${built.stdout.trim()}${built.stderr.trim()})`;

describe.skipIf(why !== '')(`trial${why}`, () => {
  let folder = '';
  const options = () => ({ records: join(folder, 'records'), seconds: 0.5, warmup: 0.2, folder });
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'firn-trial-'));
    writeWorkload(join(folder, 'records'), makeWorkload({ count: 2000 }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('trial: what firn acknowledged lies in a sound lake, and its threads are told apart', async () => {
    const trial = await runTrial(firnServer(), SHAPE, options());
    expect(trial.proof.ok).toBe(true);
    expect(trial.proof.verified?.records).toBeGreaterThan(0);
    expect(trial.recordsPerSecond).toBeGreaterThan(0);
    expect(trial.threads.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['frontend', 'worker 0', 'commit', 'seal']),
    );
    expect(trial.frontNanos).not.toBeNull();
  });

  test('trial: a server that only counts has no answer to be late with', async () => {
    const trial = await runTrial(BARE_SERVER, { ...SHAPE, window: 64 }, options());
    expect(trial.framesPerSecond).toBeGreaterThan(0);
    expect(trial.latency.p50).toBe(0);
  });

  test('trial: wrong answers are an error, and nothing stays behind', async () => {
    const liar: Server = {
      ...BARE_SERVER,
      name: 'liar',
      title: 'a liar',
      start: async (own) => ({
        ...(await BARE_SERVER.start(own)),
        finish: async () => ({ ok: false, how: '0 of them stored' }),
      }),
    };
    const failed = runTrial(liar, { ...SHAPE, window: 64 }, options());
    await expect(failed).rejects.toThrow(TrialError);
    await expect(failed).rejects.toThrow('a liar did not keep what it acknowledged: 0 of them stored');
    expect(readdirSync(folder)).toEqual(['records']);
  });
});
