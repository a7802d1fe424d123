// A sound lake gets no finding, wherever it lies and however long its log is; and the verifier that shares nothing agrees.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { verifyLake } from '../../engine/verify/verify.ts';
import { independent } from '../support/independent.ts';
import { longLake, soundLake } from '../support/lake.ts';

const top = mkdtempSync(join(tmpdir(), 'firn-verify-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

describe('verify: a sound lake', () => {
  test('has no finding, and the report counts what is there', async () => {
    const lake = await soundLake(join(top, 'small'));
    const report = await verifyLake({ lake: lake.folder, graceMs: 0 });
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ sound: true, mode: 'full', objects: 8, records: 167, young: 0 });
    expect(report.verdicts.OK).toBe(8);
    expect(report.origins).toMatchObject([
      {
        origin: lake.origin,
        size: 10,
        proven: true,
        keys: [lake.vkey],
        checkpoints: 2,
        seals: { records: 4, 'dead-letter': 2, audit: 2, heartbeat: 2 },
      },
    ]);
    expect(report.trust).toMatchObject({ keys: 'lake', since: null });
    expect(independent(lake.folder, '--grace', '0')).toMatchObject({
      code: 0,
      report: { sound: true, records: 167 },
    });
  });

  test('is sound after it was copied elsewhere', async () => {
    const lake = await soundLake(join(top, 'origin'));
    const copy = join(top, 'copy');
    cpSync(lake.folder, copy, { recursive: true });
    expect((await verifyLake({ lake: copy, graceMs: 0 })).findings).toEqual([]);
    expect(independent(copy, '--grace', '0').code).toBe(0);
  });

  test('may hold two logs, each with its own sequences', async () => {
    const folder = join(top, 'two');
    const first = await soundLake(folder, 'cold.example/plant7-a');
    const second = await soundLake(folder, 'localhost/firn-0badcafe');
    second.records('coldchain', '2026-02-02', 7);
    second.publish(true);
    const report = await verifyLake({ lake: folder, graceMs: 0 });
    expect(report.findings).toEqual([]);
    expect(report.origins.map(({ origin, size }) => [origin, size])).toEqual([
      [first.origin, 10],
      [second.origin, 11],
    ]);
    expect(independent(folder, '--grace', '0').code).toBe(0);
  });

  test('may have a log of several tiles and levels', async () => {
    const lake = await longLake(join(top, 'long'));
    const report = await verifyLake({ lake: lake.folder, graceMs: 0 });
    expect(report.findings).toEqual([]);
    expect(report.origins[0]).toMatchObject({ size: 521, proven: true, checkpoints: 4 });
    expect(independent(lake.folder, '--grace', '0').code).toBe(0);
  });

  test('is quick to measure: objects are compared by size, and the report says what that leaves out', async () => {
    const lake = await soundLake(join(top, 'quick'));
    const report = await verifyLake({ lake: lake.folder, graceMs: 0, quick: true });
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ mode: 'quick', objects: 8 });
    expect(report.trust.notChecked.join()).toContain('--quick');
  });

  test('holds against keys and a checkpoint that the auditor kept', async () => {
    const lake = await soundLake(join(top, 'kept'));
    const policy = join(top, 'policy');
    const since = join(top, 'since');
    cpSync(join(lake.folder, `_log/${lake.origin}/policy`), policy);
    cpSync(join(lake.folder, `_log/${lake.origin}/checkpoints/00000000000000000003`), since);
    const report = await verifyLake({ lake: lake.folder, graceMs: 0, policy, since });
    expect(report.findings).toEqual([]);
    expect(report.trust).toMatchObject({ keys: 'policy', since: { origin: lake.origin, size: 3 } });
    expect(independent(lake.folder, '--grace', '0', '--since', since, '--key', lake.vkey).code).toBe(0);
  });
});
