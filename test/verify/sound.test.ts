// A sound lake gets no finding, wherever it lies and however long its log is; and the verifier that shares nothing agrees.

import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { independent } from '../support/independent.ts';
import { verifyBoth } from '../support/kernels.ts';
import { longLake, soundLake } from '../support/lake.ts';

const top = mkdtempSync(join(tmpdir(), 'firn-verify-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

describe('verify: a sound lake', () => {
  test('has no finding, and the report counts what is there', async () => {
    const lake = await soundLake(join(top, 'small'));
    const report = await verifyBoth({ lake: lake.folder, graceMs: 0 });
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
    expect((await verifyBoth({ lake: copy, graceMs: 0 })).findings).toEqual([]);
    expect(independent(copy, '--grace', '0').code).toBe(0);
  });

  test('may hold two logs, each with its own sequences', async () => {
    const folder = join(top, 'two');
    const first = await soundLake(folder, 'cold.example/plant7-a');
    const second = await soundLake(folder, 'localhost/firn-0badcafe');
    second.records('coldchain', '2026-02-02', 7);
    second.publish(true);
    const report = await verifyBoth({ lake: folder, graceMs: 0 });
    expect(report.findings).toEqual([]);
    expect(report.origins.map(({ origin, size }) => [origin, size])).toEqual([
      [first.origin, 10],
      [second.origin, 11],
    ]);
    expect(independent(folder, '--grace', '0').code).toBe(0);
  });

  test('may be that of an engine that has started again and has not sealed its start yet', async () => {
    const lake = await soundLake(join(top, 'again'));
    lake.acct.accepted += 3;
    lake.records('coldchain', '2026-02-02', 2);
    lake.publish(false);
    expect((await verifyBoth({ lake: lake.folder, graceMs: 0 })).findings).toEqual([]);
    expect(independent(lake.folder, '--grace', '0').code).toBe(0);
  });

  test('may have a log of several tiles and levels', async () => {
    const lake = await longLake(join(top, 'long'));
    const report = await verifyBoth({ lake: lake.folder, graceMs: 0 });
    expect(report.findings).toEqual([]);
    expect(report.origins[0]).toMatchObject({ size: 521, proven: true, checkpoints: 4 });
    expect(independent(lake.folder, '--grace', '0').code).toBe(0);
  });

  test('is quick to measure: objects are compared by size, and the report says what that leaves out', async () => {
    const lake = await soundLake(join(top, 'quick'));
    const report = await verifyBoth({ lake: lake.folder, graceMs: 0, quick: true });
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ mode: 'quick', objects: 8 });
    expect(report.trust.notChecked.join()).toContain('--quick');
  });

  test('whose engine has only begun gives no verdict; older than the grace, the checkpoint is MISSING', async () => {
    const other = await soundLake(join(top, 'other'));
    const folder = join(top, 'begun');
    const policy = join(folder, `_log/${other.origin}/policy`);
    mkdirSync(join(folder, `_log/${other.origin}`), { recursive: true });
    cpSync(join(other.folder, `_log/${other.origin}/policy`), policy);
    await expect(verifyBoth({ lake: folder })).rejects.toThrow(/has published nothing yet/);
    expect(independent(folder)).toMatchObject({ code: 2 });
    const second = await soundLake(folder, 'cold.example/plant7-b');
    const both = await verifyBoth({ lake: folder });
    expect(both.findings).toEqual([]);
    expect(both.origins.map(({ origin, begun }) => [origin, begun])).toEqual([
      [other.origin, false],
      [second.origin, true],
    ]);
    expect(independent(folder)).toMatchObject({ code: 0 });
    const then = Date.now() / 1000 - 3600;
    utimesSync(policy, then, then);
    expect((await verifyBoth({ lake: folder })).findings).toMatchObject([{ verdict: 'MISSING' }]);
    expect(independent(folder)).toMatchObject({ code: 1, report: { findings: [{ verdict: 'MISSING' }] } });
  });

  test('grows while a verification runs: what was written after its start is young, however long it takes', async () => {
    const lake = await soundLake(join(top, 'growing'));
    writeFileSync(join(lake.folder, 'coldchain/next'), 'x');
    const report = await verifyBoth({ lake: lake.folder, nowMs: Date.now() - 20 * 60_000 });
    expect(report).toMatchObject({ sound: true, young: 1 });
    expect(await verifyBoth({ lake: lake.folder, nowMs: Date.now() + 20 * 60_000 })).toMatchObject({
      findings: [{ verdict: 'UNLOGGED', key: 'coldchain/next' }],
    });
  });

  test('has a report that says which logs no kept checkpoint covers, and what deletion leaves no trace', async () => {
    const folder = join(top, 'covered');
    const first = await soundLake(folder, 'cold.example/plant7-a');
    const second = await soundLake(folder, 'cold.example/plant7-b');
    const since = join(top, 'since-a');
    cpSync(join(folder, `_log/${first.origin}/checkpoint`), since);
    const { trust } = await verifyBoth({ lake: folder, graceMs: 0, since });
    const text = trust.notChecked.join('\n');
    expect(text).toContain(second.origin);
    expect(text).not.toContain(first.origin);
    expect(text).toContain('checkpoints/');
    expect(text).toContain('schema');
  });

  test('holds against keys and a checkpoint that the auditor kept', async () => {
    const lake = await soundLake(join(top, 'kept'));
    const policy = join(top, 'policy');
    const since = join(top, 'since');
    cpSync(join(lake.folder, `_log/${lake.origin}/policy`), policy);
    cpSync(join(lake.folder, `_log/${lake.origin}/checkpoints/00000000000000000003`), since);
    const report = await verifyBoth({ lake: lake.folder, graceMs: 0, policy, since });
    expect(report.findings).toEqual([]);
    expect(report.trust).toMatchObject({ keys: 'policy', since: { origin: lake.origin, size: 3 } });
    expect(independent(lake.folder, '--grace', '0', '--since', since, '--key', lake.vkey).code).toBe(0);
  });
});
