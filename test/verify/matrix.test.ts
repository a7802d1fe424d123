// The tamper matrix: every class of tampering at 50 and more places, one at a time, each named with the right verdict and
// object. FIRN_MATRIX_POSITIONS=500 is the long run, FIRN_MATRIX_SEED another one, FIRN_MATRIX_REPORT a file for the table.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VerifyOptions } from '../../engine/verify/options.ts';
import type { Finding, Report } from '../../engine/verify/report.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { seeded } from '../crash/random.ts';
import type { LakeName, Position, TamperClass } from '../tamper/class.ts';
import { CLASSES, type Lakes, makeLakes } from '../tamper/matrix.ts';
import type { Scratch } from '../tamper/scratch.ts';

const POSITIONS = Number(process.env['FIRN_MATRIX_POSITIONS'] ?? 50);
const SEED = Number(process.env['FIRN_MATRIX_SEED'] ?? 1);
/** Positions of a class that `--quick` looks at. */
const QUICK_POSITIONS = 5;
/** A checkpoint that is behind is looked at again for two seconds: so much of a class runs side by side. */
const COPIES: Readonly<Record<LakeName, number>> = { objects: 25, log: 50, long: 4 };

const top = mkdtempSync(join(tmpdir(), 'firn-matrix-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

let lakes: Lakes;
const table: { class: string; positions: number; named: number; verdicts: string }[] = [];

beforeAll(async () => {
  lakes = await makeLakes(top, COPIES);
});

/** The file of a re-added object is as old as the moment: the present is a little later. */
function options(scratch: Scratch, more: Partial<VerifyOptions>): VerifyOptions {
  return { lake: scratch.folder, threads: 0, graceMs: 0, nowMs: Date.now() + 10_000, ...more };
}

/** What was not named as it should be; null when all is well. */
function fault(
  { verdicts, also = [] }: TamperClass,
  { key, index }: Position,
  findings: readonly Finding[],
  since: string | undefined,
): string | null {
  const named = findings.some(
    (finding) =>
      verdicts.includes(finding.verdict) &&
      finding.key === (key ?? since) &&
      (index === undefined || finding.index === index),
  );
  if (!named) return 'not named';
  const stray = findings.find(
    ({ verdict }) => ![...verdicts, ...(also === 'any' ? [] : also)].includes(verdict),
  );
  return also === 'any' || stray === undefined ? null : `named, but also ${stray.verdict}`;
}

interface Outcome {
  readonly missed: string[];
  readonly seen: Map<string, number>;
}

async function verifyOne(
  scratch: Scratch,
  position: Position,
  quick: boolean,
): Promise<{ report: Report; since: string | undefined }> {
  try {
    position.tamper(scratch);
    const { since } = scratch.asked;
    return { report: await verifyLake(options(scratch, { ...scratch.asked, quick })), since };
  } finally {
    scratch.restore();
  }
}

/** Runs positions side by side, one at a time in each copy. */
async function run(cls: TamperClass, positions: readonly Position[], quick: boolean): Promise<Outcome> {
  const missed: string[] = [];
  const seen = new Map<string, number>();
  const waiting = [...positions];
  const { scratches } = lakes[cls.lake];
  const work = async (scratch: Scratch): Promise<void> => {
    for (let position = waiting.pop(); position !== undefined; position = waiting.pop()) {
      const { report, since } = await verifyOne(scratch, position, quick);
      const wrong = fault(cls, position, report.findings, since);
      for (const { verdict } of report.findings) seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
      if (wrong === null && report.sound === false) continue;
      const told = report.findings.map((f) => `${f.verdict} ${f.key} [${f.index}] ${f.reason}`).slice(0, 5);
      missed.push(`${position.at}: ${wrong} (${position.key} [${position.index}]): ${told.join('; ')}`);
    }
  };
  await Promise.all(scratches.map(work));
  return { missed, seen };
}

describe('verify: tamper matrix', () => {
  test('the lakes are as they are meant to be, and sound', async () => {
    const { objects, log, long } = lakes;
    expect(objects.lake.objects.length).toBeGreaterThanOrEqual(50);
    expect(log.lake.kept.length).toBeGreaterThanOrEqual(50);
    expect(long.lake.seals.length).toBeGreaterThan(600);
    for (const { lake, scratches } of Object.values(lakes)) {
      const kinds = new Set(lake.seals.map(({ seal }) => seal.kind));
      expect([...kinds].sort()).toEqual(['audit', 'dead-letter', 'heartbeat', 'records']);
      const report = await verifyLake(options(scratches[0] as Scratch, {}));
      expect(report.findings).toEqual([]);
    }
  });

  test('has 25 classes and more, each of its own name', () => {
    expect(CLASSES.length).toBeGreaterThanOrEqual(25);
    expect(new Set(CLASSES.map(({ name }) => name)).size).toBe(CLASSES.length);
  });

  test.each(CLASSES.map((cls) => [cls.name, cls] as const))('%s', async (name, cls) => {
    const positions = cls.positions(lakes[cls.lake].lake, seeded(SEED), POSITIONS);
    expect(positions.length, 'positions').toBeGreaterThanOrEqual(50);
    const { missed, seen } = await run(cls, positions, false);
    const verdicts = [...seen].map(([verdict, count]) => `${verdict} ${count}`).join(', ');
    table.push({
      class: name,
      positions: positions.length,
      named: positions.length - missed.length,
      verdicts,
    });
    expect(missed).toEqual([]);
    if (!cls.quick) return;
    const quick = await run(cls, positions.slice(0, QUICK_POSITIONS), true);
    expect(quick.missed, '--quick').toEqual([]);
  });

  afterAll(() => {
    const report = process.env['FIRN_MATRIX_REPORT'];
    if (report !== undefined) writeFileSync(report, `${JSON.stringify(table, null, 1)}\n`);
    const width = Math.max(...table.map((row) => row.class.length));
    for (const row of table)
      console.log(`${row.class.padEnd(width)} ${row.named}/${row.positions}  ${row.verdicts}`);
  });
});
