// A part that is ended in the middle leaves nothing behind: no folder, no server.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ROOT } from '../../bench/root.ts';
import { generatorMissing } from '../support/load.ts';

const MAIN = join(ROOT, 'dist/bench/engine/main.js');
const temporary = mkdtempSync(join(tmpdir(), 'firn-test-run-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** Processes whose command line names the folder. */
function below(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('run', () => {
  const why = generatorMissing === null ? '' : ` (skipped: ${generatorMissing})`;
  test.skipIf(generatorMissing !== null)(
    `run: a part that is told twice to end takes its folders and servers with it${why}`,
    async () => {
      const child = spawn(process.execPath, [MAIN, '--seconds', '20', '--out', temporary], {
        env: { ...process.env, TMPDIR: temporary },
        stdio: 'ignore',
      });
      const closed = once(child, 'close');
      // The part itself, an engine and the generator, each with a folder below ours.
      await until(() => below(temporary).length >= 3);
      child.kill('SIGTERM');
      child.kill('SIGTERM');
      expect(await closed).toEqual([130, null]);
      await until(() => below(temporary).length === 0);
      expect(readdirSync(temporary)).toEqual([]);
    },
    60_000,
  );
});
