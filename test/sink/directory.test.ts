// The lake as a directory: names are taken once, whole, durably, and every failure can be followed by the same call.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../../engine/errors.ts';
import { directorySink } from '../../engine/sink/directory.ts';
import { isKey, type Sink, SinkFault, SinkOutage } from '../../engine/sink/sink.ts';
import { diskStorage, type Storage } from '../../engine/storage.ts';
import { CHANGING_CALLS, type Fault, faultyStorage } from '../support/faulty-storage.ts';

const KEY = 'coldchain/year=2026/month=01/day=31/batch_00_1.ndjson.zst';
const OTHER = Buffer.from('other bytes');
const BODY = Buffer.from('a body long enough to be torn');

let folder: string;
let lake: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'firn-sink-'));
  lake = join(folder, 'lake');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function openSink(storage: Storage = diskStorage): Promise<Sink> {
  const sink = directorySink(storage, lake);
  await sink.probe();
  return sink;
}

/** Files below the lake that a reader of partitions would see. */
function objects(): string[] {
  return readdirSync(lake, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.zst'));
}

const leftovers = (): string[] => readdirSync(join(lake, '_tmp'));

describe('directory sink', () => {
  test('directory sink: a new name is created, the same bytes are the same, other bytes are different', async () => {
    const sink = await openSink();
    expect(await sink.putNew(KEY, BODY)).toBe('created');
    expect(await sink.putNew(KEY, BODY)).toBe('same');
    expect(await sink.putNew(KEY, Buffer.from('other'))).toBe('different');
    expect(await sink.putNew(KEY, Buffer.alloc(BODY.length))).toBe('different');
    expect(await sink.putNew(KEY, new Uint8Array(0))).toBe('different');
    expect(Buffer.from((await sink.get(KEY)) ?? [])).toEqual(BODY);
    expect(objects()).toEqual([KEY]);
    expect(leftovers()).toEqual([]);
  });

  test('directory sink: replace gives a name other bytes, and get of nothing is null', async () => {
    const sink = await openSink();
    expect(await sink.get('_log/a/checkpoint')).toBeNull();
    const [key, one, two] = ['_log/a/checkpoint', Buffer.from('one'), Buffer.from('two')];
    expect(await sink.replace(key, one, null)).toBe('replaced');
    expect(await sink.replace(key, two, one)).toBe('replaced');
    expect(Buffer.from((await sink.get(key)) ?? []).toString()).toBe('two');
    expect(leftovers()).toEqual([]);
  });

  test('directory sink: replace leaves alone what is not what it should replace', async () => {
    const sink = await openSink();
    const [key, one, two] = ['_log/a/checkpoint', Buffer.from('one'), Buffer.from('two')];
    expect(await sink.replace(key, two, one)).toBe('different');
    expect(await sink.get(key)).toBeNull();
    await sink.replace(key, one, null);
    expect(await sink.replace(key, two, null)).toBe('different');
    expect(await sink.replace(key, two, Buffer.from('on'))).toBe('different');
    expect(Buffer.from((await sink.get(key)) ?? []).toString()).toBe('one');
    // An answer that was lost: the same call again.
    expect(await sink.replace(key, one, null)).toBe('replaced');
    expect(leftovers()).toEqual([]);
  });

  test('directory sink: remove takes a name away and may be repeated', async () => {
    const sink = await openSink();
    await sink.putNew(KEY, BODY);
    await sink.remove(KEY);
    await sink.remove(KEY);
    await sink.remove('no/such/folder');
    expect(await sink.get(KEY)).toBeNull();
  });

  test('directory sink: content is synced before its name appears, the name before the call returns', async () => {
    const { storage, trace } = faultyStorage(diskStorage, null);
    const sink = await openSink(storage);
    await sink.putNew(KEY, BODY);
    trace.length = 0;
    await sink.putNew(KEY.replace('_1.', '_2.'), BODY);
    await sink.replace(KEY.replace('_1.', '_3.'), BODY, null);
    const changes = trace.filter(({ kind }) => CHANGING_CALLS.includes(kind)).map(({ kind }) => kind);
    expect(changes).toEqual([
      ...['create', 'write', 'sync', 'link', 'syncFolder', 'unlink'],
      ...['create', 'write', 'sync', 'rename', 'syncFolder'],
    ]);
  });

  test('directory sink: the parent of every folder is synced once a run, also of folders that were there', async () => {
    for (let run = 0; run < 2; run++) {
      const { storage, trace } = faultyStorage(diskStorage, null);
      const sink = await openSink(storage);
      trace.length = 0;
      await sink.putNew(KEY.replace('_1.', `_${run + 7}.`), BODY);
      const synced = trace.filter(({ kind }) => kind === 'syncFolder').map(({ on }) => on);
      const parents = ['', 'coldchain', 'coldchain/year=2026', 'coldchain/year=2026/month=01'];
      expect(synced).toEqual([
        ...parents.map((name) => join(lake, name)),
        join(lake, 'coldchain/year=2026/month=01/day=31'),
      ]);
    }
  });

  test('directory sink: an equal object found there is synced, with its folder, before it counts as the same', async () => {
    await (await openSink()).putNew(KEY, BODY);
    const { storage, trace } = faultyStorage(diskStorage, null);
    const sink = await openSink(storage);
    await sink.putNew(KEY.replace('_1.', '_2.'), BODY);
    trace.length = 0;
    expect(await sink.putNew(KEY, BODY)).toBe('same');
    expect(trace.map(({ kind }) => kind).filter((kind) => kind.startsWith('sync'))).toEqual([
      'sync',
      'syncFolder',
    ]);
  });

  test('directory sink: files and folders are readable by others as the umask says', async () => {
    const before = process.umask(0o022);
    try {
      await (await openSink()).putNew(KEY, BODY);
      expect(statSync(join(lake, KEY)).mode & 0o777).toBe(0o644);
      expect(statSync(join(lake, 'coldchain')).mode & 0o777).toBe(0o755);
    } finally {
      process.umask(before);
    }
  });

  test('directory sink: keys that leave the lake or hide in it are refused', async () => {
    const sink = await openSink();
    for (const key of [
      '',
      '/etc/passwd',
      '../x',
      'a/../../x',
      'a//b',
      'a/',
      './a',
      'a b',
      'a\\b',
      'a\0b',
      `a/${'b'.repeat(256)}`,
    ]) {
      expect(isKey(key), key).toBe(false);
      await expect(sink.putNew(key, BODY), key).rejects.toBeInstanceOf(SinkFault);
      await expect(sink.get(key)).rejects.toBeInstanceOf(SinkFault);
      await expect(sink.replace(key, BODY, null)).rejects.toBeInstanceOf(SinkFault);
      await expect(sink.remove(key)).rejects.toBeInstanceOf(SinkFault);
    }
    expect(isKey(KEY)).toBe(true);
    expect(isKey('_log/cold.example/plant7-a/tile/0/x001/067.p/5')).toBe(true);
  });

  test('directory sink: the probe makes the lake, tells what it is and leaves nothing behind', async () => {
    const found = await directorySink(diskStorage, join(lake, 'deep/down')).probe();
    expect(found).toEqual({
      store: 'directory',
      ifNoneMatch: true,
      checksum: null,
      versions: false,
      retention: null,
      detail: expect.stringMatching(/never replaced/),
    });
    expect(readdirSync(join(lake, 'deep/down'), { recursive: true })).toEqual(['_tmp']);
  });

  test('directory sink: the probe removes what dead runs left, and nothing else', async () => {
    await (await openSink()).putNew(KEY, BODY);
    writeFileSync(join(lake, '_tmp', 'dead-1'), 'half');
    writeFileSync(join(lake, '_tmp', 'dead-2'), '');
    await openSink();
    expect(leftovers()).toEqual([]);
    expect(objects()).toEqual([KEY]);
  });

  test('directory sink: a temporary file that another engine swept away is written again', async () => {
    for (const kind of ['link', 'rename'] as const) {
      const sweep = faultyStorage(diskStorage, null, (call) => {
        if (call.kind === kind && !swept) {
          swept = true;
          rmSync(call.on as string);
        }
      });
      let swept = true;
      const sink = await openSink(sweep.storage);
      swept = false;
      if (kind === 'link') expect(await sink.putNew(KEY, BODY)).toBe('created');
      else expect(await sink.replace(KEY, OTHER, BODY)).toBe('replaced');
      expect(swept).toBe(true);
      expect(readFileSync(join(lake, KEY))).toEqual(kind === 'link' ? BODY : OTHER);
    }
  });

  test('directory sink: a failed call leaves no temporary file, so that retries on a full disk do not fill it', async () => {
    await openSink();
    for (const kind of ['write', 'sync', 'link', 'rename'] as const) {
      const { storage } = faultyStorage(diskStorage, { kind, call: 1, how: 'torn', code: 'ENOSPC' });
      const sink = directorySink(storage, lake);
      await expect(
        kind === 'rename' ? sink.replace(KEY, BODY, null) : sink.putNew(KEY, BODY),
      ).rejects.toBeInstanceOf(SinkOutage);
      expect(leftovers()).toEqual([]);
    }
  });

  test('directory sink: a lake that is gone is an outage and is not made anew', async () => {
    const sink = await openSink();
    await sink.putNew(KEY, BODY);
    rmSync(lake, { recursive: true });
    await expect(sink.putNew(KEY.replace('_1.', '_2.'), BODY)).rejects.toBeInstanceOf(SinkOutage);
    await expect(sink.get(KEY)).rejects.toThrow(/mounted/);
    await expect(sink.remove(KEY)).rejects.toBeInstanceOf(SinkOutage);
    await expect(sink.replace('_log/a/checkpoint', BODY, null)).rejects.toBeInstanceOf(SinkOutage);
    expect(existsSync(lake)).toBe(false);
    mkdirSync(lake);
    expect(await sink.putNew(KEY, BODY)).toBe('created');
  });

  test.skipIf(process.getuid?.() === 0)(
    'directory sink: a lake that may not be written is an outage (skipped as root)',
    async () => {
      const sink = await openSink();
      chmodSync(lake, 0o500);
      try {
        await expect(sink.putNew(KEY, BODY)).rejects.toBeInstanceOf(SinkOutage);
      } finally {
        chmodSync(lake, 0o700);
      }
      expect(await sink.putNew(KEY, BODY)).toBe('created');
    },
  );

  test('directory sink: a fault of one name is told apart from an outage', async () => {
    const sink = await openSink();
    writeFileSync(join(lake, 'coldchain'), 'a file where a folder should be');
    await expect(sink.putNew(KEY, BODY)).rejects.toBeInstanceOf(SinkFault);
    mkdirSync(join(lake, 'folder'));
    await expect(sink.get('folder')).rejects.toBeInstanceOf(SinkFault);
  });

  test.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
    'directory sink: a file system without hard links (%s) is refused at start',
    async (code) => {
      const { storage } = faultyStorage(diskStorage, { kind: 'link', call: 1, how: 'not done', code });
      await expect(openSink(storage)).rejects.toBeInstanceOf(ConfigError);
      expect(leftovers()).toEqual([]);
    },
  );
});

/** The real disk without its waits: when a sync happens is traced all the same. */
const quickStorage: Storage = { ...diskStorage, sync: () => {}, syncFolder: () => {}, datasync: () => {} };

/** Every call of one `use`, made to fail once in each way. */
async function faultTable(
  use: (sink: Sink) => Promise<unknown>,
  check: (sink: Sink, fault: Fault) => Promise<void>,
): Promise<number> {
  const counting = faultyStorage(quickStorage, null);
  const first = directorySink(counting.storage, lake);
  await directorySink(quickStorage, lake).probe();
  await use(first);
  const calls = counting.trace.filter(({ kind }) => kind !== 'close').length;
  for (let call = 1; call <= calls; call++) {
    for (const how of ['not done', 'done', 'torn'] as const) {
      rmSync(lake, { recursive: true });
      await directorySink(quickStorage, lake).probe();
      const fault: Fault = { kind: 'any', call, how, code: how === 'torn' ? 'ENOSPC' : 'EIO' };
      const { storage, failed } = faultyStorage(quickStorage, fault, () => {
        // Whatever moment this is: a name that a reader sees has the whole body.
        for (const name of objects()) expect(readFileSync(join(lake, name))).toEqual(BODY);
      });
      const sink = directorySink(storage, lake);
      // A call that only tidies up may fail unnoticed; any other failure is an outage.
      await use(sink).catch((error: unknown) => expect(error).toBeInstanceOf(SinkOutage));
      expect(failed(), `call ${call}`).toBe(true);
      await check(sink, fault);
      expect(objects()).toEqual([KEY]);
      expect(readFileSync(join(lake, KEY))).toEqual(BODY);
      await directorySink(quickStorage, lake).probe();
      expect(leftovers()).toEqual([]);
    }
  }
  return calls;
}

describe('directory sink, each call failing once', () => {
  test('directory sink: a put that failed anywhere is repeated with success, and nothing half-written is ever seen', async () => {
    const calls = await faultTable(
      (sink) => sink.putNew(KEY, BODY),
      async (sink) => {
        expect(await sink.putNew(KEY, BODY)).toMatch(/^(created|same)$/);
        expect(await directorySink(quickStorage, lake).putNew(KEY, BODY)).toBe('same');
        expect(await sink.putNew(KEY, Buffer.from('other'))).toBe('different');
      },
    );
    expect(calls).toBeGreaterThan(15);
  });

  test('directory sink: a replace that failed anywhere is repeated with success', async () => {
    await faultTable(
      async (sink) => {
        await sink.replace(KEY, BODY, null);
      },
      async (sink) => expect(await sink.replace(KEY, BODY, null)).toBe('replaced'),
    );
  });

  test('directory sink: finding the same object again may fail anywhere and is repeated with success', async () => {
    await faultTable(
      async (sink) => {
        await directorySink(quickStorage, lake).putNew(KEY, BODY);
        return sink.putNew(KEY, BODY);
      },
      async (sink) => expect(await sink.putNew(KEY, BODY)).toBe('same'),
    );
  });

  test.each(['EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'ETIMEDOUT', 'ESTALE', 'EMFILE'])(
    'directory sink: %s is an outage with the name of the error',
    async (code) => {
      await openSink();
      const { storage } = faultyStorage(diskStorage, { kind: 'create', call: 1, how: 'not done', code });
      const error = await directorySink(storage, lake)
        .putNew(KEY, BODY)
        .catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(SinkOutage);
      expect((error as Error).message).toContain(code);
    },
  );
});
