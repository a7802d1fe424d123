// `firn verify` from outside: exit codes, the report for people, the shape for programs.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { barText, progressBar } from '../../engine/cli/progress.ts';
import { run } from '../../engine/cli/verify.ts';
import { ConfigError } from '../../engine/errors.ts';
import type { Report } from '../../engine/verify/report.ts';
import { type LakeBuilder, soundLake } from '../support/lake.ts';

const top = mkdtempSync(join(tmpdir(), 'firn-cli-verify-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

/** Runs the command and takes what it prints. */
async function command(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [vi.spyOn(process.stdout, 'write'), vi.spyOn(console, 'error')];
  out.mockImplementation(() => true);
  err.mockImplementation(() => {});
  try {
    const code = await run(argv);
    const text = (calls: unknown[][]): string => calls.map(([first]) => String(first)).join('');
    return { code, out: text(out.mock.calls), err: text(err.mock.calls) };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

describe('firn verify', () => {
  let lake: LakeBuilder;
  beforeAll(async () => {
    lake = await soundLake(join(top, 'lake'));
  });

  test('of a sound lake exits 0 and says on what that rests', async () => {
    const { code, out } = await command(lake.folder);
    expect(code).toBe(0);
    for (const words of [
      lake.origin,
      lake.vkey,
      'SOUND: no finding',
      'from the lake itself',
      'Witnesses: none',
      'OK',
      'Not checked',
    ]) {
      expect(out).toContain(words);
    }
  });

  test('without compiled code comes to the same report', async () => {
    const reports: Report[] = [];
    for (const codec of ['portable', 'auto']) {
      const { code, out } = await command(lake.folder, '--codec', codec, '--json');
      expect(code).toBe(0);
      reports.push({ ...(JSON.parse(out) as Report), startedUtc: '', seconds: 0 });
    }
    expect(reports[1]).toEqual(reports[0]);
    await expect(command(lake.folder, '--codec', 'fast')).rejects.toThrow(ConfigError);
  });

  test('of a lake with a fault exits 1 and names verdict, object and reason', async () => {
    const bad = await soundLake(join(top, 'bad'));
    bad.remove(bad.keys[1] as string);
    const { code, out } = await command(bad.folder);
    expect(code).toBe(1);
    expect(out).toMatch(/MISSING {2,}1\n/);
    expect(out).toContain(`${bad.keys[1]}, seal 1`);
    expect(out).toContain('NOT SOUND: 1 finding');
  });

  test('lists fifty findings and counts the others', async () => {
    const many = await soundLake(join(top, 'many'));
    for (let i = 0; i < 60; i++) {
      many.write(`stray/${i}`, 'x');
      // A file of the same millisecond as the start is younger than any grace.
      utimesSync(join(many.folder, `stray/${i}`), 1e9, 1e9);
    }
    const { code, out } = await command(many.folder, '--grace', '0');
    expect(code).toBe(1);
    expect(out.match(/no log names this file/g)).toHaveLength(50);
    expect(out).toContain('and 10 more');
  });

  test('--json prints one object with the same facts', async () => {
    const { code, out } = await command(lake.folder, '--json', '--grace', '0');
    const report = JSON.parse(out) as Report;
    expect(code).toBe(0);
    expect(Object.keys(report)).toEqual([
      'format',
      'lake',
      'mode',
      'sound',
      'startedUtc',
      'seconds',
      'origins',
      'verdicts',
      'objects',
      'records',
      'bytes',
      'young',
      'findings',
      'trust',
    ]);
    expect(report).toMatchObject({
      format: 'firn.verify/1',
      sound: true,
      verdicts: { OK: 8, MISSING: 0 },
      trust: { witnesses: 'none', lock: 'none' },
    });
  });

  test('--quick says what was not checked', async () => {
    const { code, out } = await command(lake.folder, '--quick');
    expect(code).toBe(0);
    expect(out).toContain('(quick)');
    expect(out).toMatch(/Not checked: bytes and lines of objects/);
  });

  test('--policy and --since take what the auditor kept', async () => {
    const policy = join(top, 'policy');
    const since = join(top, 'since');
    writeFileSync(policy, lake.read(`_log/${lake.origin}/policy`));
    writeFileSync(since, lake.checkpoint(4));
    const { code, out } = await command(lake.folder, '--policy', policy, '--since', since);
    expect(code).toBe(0);
    expect(out).toContain('from your policy');
    expect(out).toContain('of 4 seals');
  });

  test('--record proves one line', async () => {
    const { code, out } = await command(lake.folder, '--record', `${lake.keys[1]}:3`);
    expect(code).toBe(0);
    expect(out).toMatch(/holds.*\nholds.*\nholds.*\nholds.*\nPROVEN/);
    const json = await command(
      lake.folder,
      '--record',
      `${join(lake.folder, lake.keys[1] as string)}:3`,
      '--json',
    );
    expect(JSON.parse(json.out)).toMatchObject({
      format: 'firn.record-proof/1',
      holds: true,
      sequence: '3',
      line: 3,
    });
  });

  test.each([
    ['a folder without a log', (): string[] => [top]],
    ['a folder that is not there', (): string[] => [join(top, 'nowhere')]],
    ['a policy that is not there', (): string[] => [lake.folder, '--policy', join(top, 'nothing')]],
    [
      'a policy that is none',
      (): string[] => [lake.folder, '--policy', join(lake.folder, `_log/${lake.origin}/checkpoint`)],
    ],
    [
      'a --since that is no checkpoint',
      (): string[] => [lake.folder, '--since', join(lake.folder, `_log/${lake.origin}/policy`)],
    ],
    ['a record that is not there', (): string[] => [lake.folder, '--record', `${lake.keys[1]}:99`]],
  ])('with %s exits 2 with a word', async (_, argv) => {
    const { code, out, err } = await command(...argv());
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('firn verify: ');
  });

  test.each([
    [[]],
    [['a', 'b']],
    [['a', '--nothing']],
    [['a', '--record', 'key']],
    [['a', '--grace', 'soon']],
    [['gs://bucket/prefix']],
    [['s3://bucket/prefix', '--endpoint', 'minio']],
    [['s3://bucket/prefix', '--lock', '1.5']],
    [['a', '--lock', '30']],
    [['a', '--path-style']],
  ])('used wrongly (%j) is refused with a word', async (argv) => {
    await expect(run(argv)).rejects.toThrow(ConfigError);
  });

  test('--help shows examples', async () => {
    const { code, out } = await command('--help');
    expect(code).toBe(0);
    expect(out).toContain('examples:');
  });

  test('an interrupt ends it with 130 and no verdict', async () => {
    const long = await soundLake(join(top, 'long'));
    for (let i = 0; i < 40; i++) long.records('coldchain', '2026-02-03', 2000);
    long.publish(false);
    // The first turn of the event loop comes after 50 ms of work: the signal is delivered there.
    setImmediate(() => process.emit('SIGINT'));
    const { code, out, err } = await command(long.folder, '--threads', '0');
    expect(code).toBe(130);
    expect(out).toBe('');
    expect(err).toContain('no verdict');
  });
});

const built = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));

describe.skipIf(!existsSync(built))('firn verify, built (skipped without dist)', () => {
  const firn = (...argv: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [built, 'verify', ...argv], { encoding: 'utf8' });

  test('finds the same with worker threads as without', async () => {
    const lake = await soundLake(join(top, 'threads'));
    for (let i = 0; i < 20; i++) lake.records('coldchain', '2026-02-03', 50);
    lake.audit('2026-02-03', ['start', 'stop']);
    lake.publish(true);
    lake.remove(lake.keys[9] as string);
    lake.write(lake.keys[12] as string, lake.read(lake.keys[1] as string));
    const [alone, spread] = ['0', '2'].map((threads) => firn(lake.folder, '--json', '--threads', threads));
    expect([alone?.status, spread?.status]).toEqual([1, 1]);
    const facts = (text: unknown): unknown => ({
      ...(JSON.parse(String(text)) as Report),
      startedUtc: '',
      seconds: 0,
    });
    expect(facts(spread?.stdout)).toEqual(facts(alone?.stdout));
    expect((facts(alone?.stdout) as Report).findings).toMatchObject([
      { verdict: 'MISSING' },
      { verdict: 'ALTERED' },
    ]);
  });

  test('exits 2 with one line when used wrongly, and writes no bar where stderr is no terminal', async () => {
    expect(firn()).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^firn verify: which lake\?.*\n$/),
    });
    const lake = await soundLake(join(top, 'plain'));
    expect(firn(lake.folder)).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('progress bar', () => {
  test('says part, bytes and time left', () => {
    expect(barText('seals', 250, 1000, 12 * 1024 * 1024, 10_000)).toBe(
      '[██████░░░░░░░░░░░░░░░░░░] 25 %  250 of 1,000 seals  12 MiB  30 s left',
    );
    expect(barText('seals', 0, 0, 0, 0)).toContain('0 %  0 of 0 seals');
  });

  test('is drawn on a terminal only, ten times a second at most', () => {
    const stream = new PassThrough();
    const text = (): string => String(stream.read() ?? '');
    const plain = progressBar('seals', stream as unknown as NodeJS.WriteStream);
    plain.update(1, 2, 0);
    plain.end();
    expect(text()).toBe('');
    let now = 0;
    const terminal = Object.assign(stream, { isTTY: true, columns: 200 }) as unknown as NodeJS.WriteStream;
    const bar = progressBar('seals', terminal, () => now);
    for (; now < 200; now += 10) bar.update(now, 200, 0);
    bar.end();
    expect(text().match(/of 200 seals/g)).toHaveLength(2);
  });
});
