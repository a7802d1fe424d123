// A disk that fails where the main thread of an engine writes, at its start and at its end: a fault with a word, exit 70,
// and never an error that nobody has a name for.

import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FatalError } from '../../engine/errors.ts';
import { startEngine } from '../support/engine.ts';

test('engine: a file of the state that cannot be replaced makes the start a fault, and the next one is well', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'firn-engine-'));
  // A folder in the place of the temporary file cannot be removed as a file.
  const obstacle = join(folder, 'state', 'run.json.tmp');
  mkdirSync(obstacle, { recursive: true });
  try {
    const start = startEngine({}, folder);
    await expect(start).rejects.toBeInstanceOf(FatalError);
    await expect(start).rejects.toThrow(/data folder .* could not be .*run\.json\.tmp/);
    rmdirSync(obstacle);
    const next = await startEngine({}, folder);
    expect(await next.engine.close()).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('engine: a file of the state that cannot be replaced makes the end a fault', async () => {
  const served = await startEngine();
  const obstacle = join(served.folder, 'state', 'run.json.tmp');
  mkdirSync(obstacle);
  const end = served.engine.close();
  await expect(end).rejects.toBeInstanceOf(FatalError);
  await expect(end).rejects.toThrow(/run\.json\.tmp/);
  rmSync(served.folder, { recursive: true });
});
