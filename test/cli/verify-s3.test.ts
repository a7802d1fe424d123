// `firn verify s3://…` from outside, against the in-process S3: exit codes, settings, one line where it cannot run.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { run as inspect } from '../../engine/cli/inspect.ts';
import { run } from '../../engine/cli/verify.ts';
import type { Report } from '../../engine/verify/report.ts';
import { type LakeBuilder, soundLake } from '../support/lake.ts';
import { S3_ENV, type S3Server, SECRET_KEY, startS3 } from '../support/s3-server.ts';
import { upload } from '../support/uploaded-lake.ts';

const top = mkdtempSync(join(tmpdir(), 'firn-cli-verify-s3-'));
const LAKE = 's3://lake/plant/a';
let s3: S3Server;
let lake: LakeBuilder;

beforeAll(async () => {
  for (const [name, value] of Object.entries(S3_ENV)) vi.stubEnv(name, value);
  s3 = await startS3();
  lake = await soundLake(join(top, 'lake'));
  for (let i = 0; i < 20; i++) lake.records('coldchain', '2026-02-03', 50);
  lake.audit('2026-02-03', ['start', 'stop']);
  lake.publish(true);
  upload(lake, s3.createBucket('lake', { versioning: true }));
  const bad = s3.createBucket('bad', { versioning: true });
  upload(lake, bad);
  bad.remove(`plant/a/${lake.keys[1]}`, null, new Date(), false);
});
afterAll(async () => {
  await s3.close();
  vi.unstubAllEnvs();
  rmSync(top, { recursive: true, force: true });
});

/** Runs the command in this process. */
function command(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  return printed(() => run(argv));
}

async function printed(call: () => Promise<number>): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [vi.spyOn(process.stdout, 'write'), vi.spyOn(console, 'error')];
  out.mockImplementation(() => true);
  err.mockImplementation(() => {});
  try {
    const code = await call();
    const text = (calls: unknown[][]): string => calls.map(([first]) => String(first)).join('');
    return { code, out: text(out.mock.calls), err: text(err.mock.calls) };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

describe('firn verify s3://', () => {
  test('exits 0 for a sound lake, 1 with findings, with the lock in the basis of trust', async () => {
    const sound = await command(LAKE, '--endpoint', s3.url);
    expect(sound.code, sound.out + sound.err).toBe(0);
    for (const words of [`firn verify ${LAKE}`, 'SOUND: no finding', 'Lock: none'])
      expect(sound.out).toContain(words);
    const quick = await command(LAKE, '--endpoint', s3.url, '--quick', '--lock', '30', '--json');
    expect(quick.code).toBe(1);
    expect((JSON.parse(quick.out) as Report).verdicts.UNLOCKED).toBe(lake.keys.length);
    const bad = await command('s3://bad/plant/a/', '--endpoint', s3.url, '--quick');
    expect(bad.code).toBe(1);
    expect(bad.out).toMatch(/HIDDEN {2,}1\n/);
  });

  test('reads the endpoint from the environment, and then names the bucket in the path', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', s3.url);
    const { code, err } = await command(LAKE, '--quick');
    vi.stubEnv('AWS_ENDPOINT_URL_S3', '');
    expect([code, err]).toEqual([0, '']);
  });

  test('--record proves a line, named by key or by address', async () => {
    for (const key of [lake.keys[1], `${LAKE}/${lake.keys[1]}`]) {
      const { code, out } = await command(LAKE, '--endpoint', s3.url, '--record', `${key}:3`);
      expect(code).toBe(0);
      expect(out).toMatch(/holds.*\nholds.*\nholds.*\nholds.*\nPROVEN/);
    }
  });

  test.each([
    ['a bucket that is not there', ['s3://nobody/a'], 'no such bucket'],
    ['a prefix without a log', ['s3://lake/elsewhere'], 'holds no log'],
    ['a record that is not there', [LAKE, '--record', 'nothing:1'], 'no log in'],
  ])('with %s exits 2 with one line', async (_, argv, words) => {
    const { code, out, err } = await command(...argv, '--endpoint', s3.url);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^firn verify: [^\n]*$/);
    expect(err).toContain(words);
  });

  test('with a permission or credentials that are not there exits 2 and tells no secret', async () => {
    s3.faults.add({ kind: 'status', status: 403, code: 'AccessDenied', query: 'list-type' });
    const denied = await command(LAKE, '--endpoint', s3.url);
    expect(denied).toMatchObject({ code: 2, err: expect.stringMatching(/permission/) });
    s3.faults.clear();
    s3.faults.add({
      kind: 'status',
      status: 400,
      code: 'Odd',
      body: `<Error><Code>Odd</Code><Message>${SECRET_KEY}</Message></Error>`,
    });
    const odd = await command(LAKE, '--endpoint', s3.url);
    s3.faults.clear();
    expect(odd.code).toBe(2);
    expect(odd.err).not.toContain(SECRET_KEY);
  });

  test('an interrupt while the store does not answer ends it with 130', async () => {
    s3.faults.add({ kind: 'stall', method: 'GET', key: /zst$/, times: 99 });
    const ended = command(LAKE, '--endpoint', s3.url, '--threads', '0');
    await vi.waitFor(() => expect(s3.underWay).toBeGreaterThan(3), { timeout: 10_000 });
    process.emit('SIGINT');
    const { code, out, err } = await ended;
    s3.faults.clear();
    expect([code, out]).toEqual([130, '']);
    expect(err).toContain('no verdict');
  });
});

describe('firn inspect s3://', () => {
  test('shows an object and a checkpoint with the policy beside it; what a marker hides is told', async () => {
    const at = (key: string, bucket = 'lake'): ReturnType<typeof command> =>
      printed(() => inspect([`s3://${bucket}/plant/a/${key}`, '--endpoint', s3.url]));
    expect(await at(lake.keys[1] as string)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^batch object .*\nfile /),
    });
    const checkpoint = await at(`_log/${lake.origin}/checkpoint`);
    expect(checkpoint).toMatchObject({ code: 0, out: expect.stringContaining('from the policy beside it') });
    const hidden = await at(lake.keys[1] as string, 'bad');
    expect(hidden).toMatchObject({ code: 2, out: '', err: expect.stringContaining('a delete marker of') });
    expect(await at('nothing')).toMatchObject({ code: 2, err: expect.stringContaining('no such object') });
  });
});

const built = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));

describe.skipIf(!existsSync(built))('firn verify s3://, built (skipped without dist)', () => {
  const firn = (...argv: string[]): Promise<{ code: number | null; out: string; err: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [built, 'verify', ...argv], {
        env: { ...process.env, ...S3_ENV },
      });
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk) => {
        out += chunk;
      });
      child.stderr.on('data', (chunk) => {
        err += chunk;
      });
      child.on('close', (code) => resolve({ code, out, err }));
    });

  test('hands objects to worker threads and comes to the same report, without a bar', async () => {
    const facts = ({ out }: { out: string }): unknown => ({
      ...(JSON.parse(out) as Report),
      startedUtc: '',
      seconds: 0,
    });
    const alone = await firn(LAKE, '--endpoint', s3.url, '--json', '--threads', '0');
    const spread = await firn(LAKE, '--endpoint', s3.url, '--json', '--threads', '2');
    expect(alone).toMatchObject({ code: 0, err: '' });
    expect(spread).toMatchObject({ code: 0, err: '' });
    expect(facts(spread)).toEqual(facts(alone));
  });
});
