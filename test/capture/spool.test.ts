// The spool: what is promised is on disk, what is full keeps nothing, what fails otherwise is a fault.

import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { SpooledBody } from '../../engine/capture/captures.ts';
import { Spool, SpoolFull, type SpoolOptions, type SpoolRefusal } from '../../engine/capture/spool.ts';
import { FolderSync, type SpoolDisk, spoolDisk } from '../../engine/capture/spool-disk.ts';
import type { Upload } from '../../engine/capture/upload.ts';
import { FatalError } from '../../engine/errors.ts';
import { closeCaptureFronts, temporaryFolder } from '../support/capture-front.ts';
import { until } from '../support/front.ts';

afterEach(closeCaptureFronts);

interface Bed {
  readonly spool: Spool;
  readonly folder: string;
  readonly fatal: Error[];
}

async function bed(change: Partial<SpoolOptions> = {}): Promise<Bed> {
  const folder = change.folder ?? temporaryFolder();
  const fatal: Error[] = [];
  const options = { folder, maxBytes: 1_000_000, quotaBytes: 10_000_000 };
  const spool = await Spool.open({ ...options, onFatal: (error) => fatal.push(error), ...change });
  return { spool, folder, fatal };
}

function begin(spool: Spool, declared: number | null = null): Upload {
  const upload = spool.begin(declared);
  if ('kind' in upload) throw new Error(JSON.stringify(upload));
  return upload;
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const isBody = (value: SpooledBody | SpoolRefusal): value is SpooledBody => 'sha256' in value;

type Step = 'create' | 'write' | 'sync' | 'close' | 'syncFolder' | 'unlink';

/** A disk that notes its calls and fails at one of them. */
function disk(failAt: Step | null, code: string, log: string[] = []): SpoolDisk {
  const step = async <T>(name: Step, call: () => Promise<T>): Promise<T> => {
    log.push(name);
    if (name === failAt) throw Object.assign(new Error(`${code}: made up, ${name}`), { code, syscall: name });
    return call();
  };
  return {
    create: (path) =>
      step('create', async () => {
        const file = await spoolDisk.create(path);
        return {
          write: (parts, offset) => step('write', () => file.write(parts, offset)),
          sync: () => step('sync', () => file.sync()),
          // Closed all the same: a descriptor may not leak out of a test.
          close: async () => {
            await file.close();
            await step('close', async () => {});
          },
        };
      }),
    unlink: (path) => step('unlink', () => spoolDisk.unlink(path)),
    syncFolder: (path) => step('syncFolder', () => spoolDisk.syncFolder(path)),
    list: spoolDisk.list,
  };
}

test('spool: a body in pieces is one file, private, with its digest; it is synced when it is written, and its name too', async () => {
  const log: string[] = [];
  const { spool, folder } = await bed({ disk: disk(null, '', log) });
  const upload = begin(spool);
  const body = randomBytes(900_000);
  for (let at = 0; at < 800_000; at += 100_000)
    expect(upload.write(body.subarray(at, at + 100_000))).toBe(null);
  const stored = await upload.finish(body.subarray(800_000));
  expect(stored).toEqual({
    id: upload.id,
    bytes: 900_000,
    sha256: createHash('sha256').update(body).digest('hex'),
  });
  expect(readdirSync(folder)).toEqual([`${upload.id}.raw`]);
  expect(readFileSync(spool.rawPath(upload.id)).equals(body)).toBe(true);
  expect(statSync(spool.rawPath(upload.id)).mode & 0o777).toBe(0o600);
  expect(log.filter((name) => name !== 'write')).toEqual(['create', 'sync', 'syncFolder', 'close']);
  expect(log.lastIndexOf('write')).toBeLessThan(log.indexOf('sync'));
  expect({ used: spool.usedBytes, buffered: spool.bufferedBytes, uploads: spool.uploads }).toEqual({
    used: 900_000,
    buffered: 0,
    uploads: 0,
  });
});

test('spool: an empty body is a file too', async () => {
  const { spool } = await bed();
  const stored = await begin(spool).finish(new Uint8Array(0));
  expect(isBody(stored) && statSync(spool.rawPath(stored.id)).size).toBe(0);
});

for (const step of ['create', 'write', 'sync', 'close', 'syncFolder'] as const) {
  test(`spool: a full disk at ${step} is busy and keeps nothing`, async () => {
    const { spool, folder, fatal } = await bed({ disk: disk(step, 'ENOSPC') });
    const upload = begin(spool);
    await expect(upload.finish(bytes('abc'))).rejects.toBeInstanceOf(SpoolFull);
    expect(readdirSync(folder)).toEqual([]);
    expect(fatal).toEqual([]);
    expect([spool.usedBytes, spool.bufferedBytes, spool.uploads]).toEqual([0, 0, 0]);
  });

  test(`spool: any other error at ${step} is a fault, told once or more, and nothing is promised`, async () => {
    const { spool, fatal } = await bed({ disk: disk(step, 'EIO') });
    await expect(begin(spool).finish(bytes('abc'))).rejects.toBeInstanceOf(FatalError);
    expect(fatal.length).toBeGreaterThan(0);
    expect(fatal[0]?.message).toContain('EIO');
    expect([spool.bufferedBytes, spool.uploads]).toEqual([0, 0]);
  });
}

test('spool: a disk that fills while a body arrives refuses the next piece', async () => {
  const { spool, folder } = await bed({ disk: disk('write', 'ENOSPC') });
  const upload = begin(spool);
  expect(upload.write(bytes('abc'))).toBe(null);
  await until(() => upload.write(bytes('d')) !== null);
  await until(() => spool.uploads === 0);
  expect(readdirSync(folder)).toEqual([]);
  expect([spool.usedBytes, spool.bufferedBytes]).toEqual([0, 0]);
});

test('spool: limits of a body, of memory, of uploads and of the folder', async () => {
  const { spool } = await bed({ maxBytes: 10, quotaBytes: 25, maxUploads: 2, maxBufferedBytes: 8 });
  expect(spool.begin(11)).toEqual({ kind: 'too-large' });
  expect(begin(spool).write(bytes('12345678901'))).toEqual({ kind: 'too-large' });
  await until(() => spool.uploads === 0);
  expect(begin(spool).write(bytes('123456789'))).toMatchObject({ kind: 'busy' });
  await until(() => spool.uploads === 0);
  const two = [begin(spool), begin(spool)];
  expect(spool.begin(1)).toMatchObject({ kind: 'busy', retrySeconds: expect.any(Number) });
  for (const upload of two) expect(isBody(await upload.finish(bytes('12345678')))).toBe(true);
  expect(isBody(await begin(spool).finish(bytes('12345678')))).toBe(true);
  // 24 of 25 are used.
  expect(spool.begin(2)).toMatchObject({ kind: 'busy' });
  expect(await begin(spool).finish(bytes('ab'))).toMatchObject({ kind: 'busy' });
  // The last byte is room too, and then there is none.
  expect(isBody(await begin(spool).finish(bytes('a')))).toBe(true);
  expect(spool.usedBytes).toBe(25);
  expect(spool.begin(1)).toMatchObject({ kind: 'busy' });
  spool.changed(-8);
  expect(isBody(await begin(spool).finish(bytes('ab')))).toBe(true);
});

test('spool: files of others count, and the folder is counted again in time', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a.lines'), Buffer.alloc(900));
  let now = 0;
  const { spool } = await bed({ folder, quotaBytes: 1000, now: () => now });
  expect(spool.usedBytes).toBe(900);
  expect(spool.begin(200)).toMatchObject({ kind: 'busy' });
  writeFileSync(join(folder, 'a.lines'), Buffer.alloc(100));
  now = 3_000;
  spool.begin(200);
  await until(() => spool.usedBytes === 100);
  expect('kind' in spool.begin(200)).toBe(false);
});

test('spool: a start counts what is there, and a body can be removed twice', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'two.raw'), 'xyz');
  const { spool } = await bed({ folder });
  expect(spool.usedBytes).toBe(3);
  await spool.remove('two', 3);
  await spool.remove('two', 0);
  expect(readdirSync(folder)).toEqual([]);
  expect(spool.usedBytes).toBe(0);
});

test('spool: its folder is made and is private', async () => {
  const folder = join(temporaryFolder(), 'data', 'spool');
  await bed({ folder });
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  chmodSync(folder, 0o700);
  expect(existsSync(folder)).toBe(true);
});

test('spool: an abort while a piece is being written leaves nothing, and later pieces are refused', async () => {
  const { spool, folder } = await bed();
  const upload = begin(spool);
  upload.write(bytes('abc'));
  upload.abort();
  upload.abort();
  expect(upload.write(bytes('d'))).toMatchObject({ kind: 'busy' });
  await until(() => spool.uploads === 0);
  expect(readdirSync(folder)).toEqual([]);
  expect([spool.usedBytes, spool.bufferedBytes]).toEqual([0, 0]);
});

test('spool: one sync of the folder serves all that came before it began, and no other', async () => {
  const running: (() => void)[] = [];
  const folder = new FolderSync(() => new Promise((resolve) => running.push(resolve)));
  const done: string[] = [];
  const ask = (name: string): Promise<unknown> => folder.run().then(() => done.push(name));
  const asked = [ask('a'), ask('b'), ask('c')];
  expect(running).toHaveLength(1);
  running[0]?.();
  await asked[0];
  // The first sync may have passed b's name: it waits for one of its own, with c.
  expect(done).toEqual(['a']);
  await until(() => running.length === 2);
  running[1]?.();
  await Promise.all(asked);
  expect(done).toEqual(['a', 'b', 'c']);
  const last = ask('d');
  await until(() => running.length === 3);
  running[2]?.();
  await last;
});
