// One place of every class of the tamper matrix, before the verifier that shares nothing with the engine.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seeded } from '../crash/random.ts';
import { independent, independentRuns } from '../support/independent.ts';
import type { Position } from '../tamper/class.ts';
import { CLASSES, type Lakes, makeLakes } from '../tamper/matrix.ts';
import type { Scratch } from '../tamper/scratch.ts';

const SEED = Number(process.env['FIRN_MATRIX_SEED'] ?? 1);

const top = mkdtempSync(join(tmpdir(), 'firn-matrix-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

let lakes: Lakes;
beforeAll(async () => {
  lakes = await makeLakes(top, { objects: 1, log: 1, long: 1 });
});

/** Verdicts and exit code, with the options that the position asks for. */
function verdicts(
  scratch: Scratch,
  position: Position,
): { code: number | null; found: string[]; stderr: string } {
  try {
    position.tamper(scratch);
    const { since, policy, graceMs = -10_000 } = scratch.asked;
    const options = ['--grace', String(graceMs / 1000)];
    if (since !== undefined) options.push('--since', since);
    if (policy !== undefined) options.push('--policy', policy);
    const { code, report, stderr } = independent(scratch.folder, ...options);
    return { code, found: (report?.findings ?? []).map(({ verdict }) => verdict), stderr };
  } finally {
    scratch.restore();
  }
}

describe.skipIf(!independentRuns)(
  'verify: tamper matrix, independently (skipped without python3 and zstd)',
  () => {
    test.each(CLASSES.map((cls) => [cls.name, cls] as const))('%s', (_name, cls) => {
      const { lake, scratches } = lakes[cls.lake];
      const [position] = cls.positions(lake, seeded(SEED), 1) as [Position];
      const { code, found, stderr } = verdicts(scratches[0] as Scratch, position);
      expect(code, `${position.at}: ${found} ${stderr}`).toBe(1);
      expect(cls.verdicts, `${position.at}: ${found}`).toEqual(
        expect.arrayContaining([
          found.find((verdict) => (cls.verdicts as readonly string[]).includes(verdict)),
        ]),
      );
    });
  },
);
