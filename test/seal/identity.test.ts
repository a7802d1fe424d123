// Who the engine is: fixed at the first start, and every way in which folder, key, configuration and lake can disagree.

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../engine/batch/merkle.ts';
import { NO_PREV } from '../../engine/batch/seal.ts';
import { ConfigError } from '../../engine/errors.ts';
import { Fold } from '../../engine/journal/fold.ts';
import { checkpointText } from '../../engine/seal/checkpoint.ts';
import {
  checkpointKey,
  compareWithLake,
  IDENTITY_FILE,
  type Identity,
  isOrigin,
  loadIdentity,
} from '../../engine/seal/identity.ts';
import { KEY_FILE, loadKey } from '../../engine/seal/key.ts';
import { SealLog } from '../../engine/seal/log.ts';
import { signNote } from '../../engine/seal/note.ts';
import { writeSnapshot } from '../../engine/seal/snapshot.ts';
import { directorySink } from '../../engine/sink/directory.ts';
import { type Sink, SinkOutage } from '../../engine/sink/sink.ts';
import { diskStorage } from '../../engine/storage.ts';
import { faultyStorage } from '../support/faulty-storage.ts';

const NAME = 'cold.example/plant7-a';

let folder: string;
let state: string;
let keys: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'firn-identity-'));
  state = join(folder, 'state');
  keys = join(folder, 'keys');
});
afterEach(() => rmSync(folder, { recursive: true }));

const load = (wanted?: string, stateExists = false, newOrigin?: string): Identity =>
  loadIdentity(state, keys, wanted, stateExists, newOrigin);

describe('identity', () => {
  test('identity: a first start makes key and name, and later starts find them', () => {
    const first = load();
    expect(first.fresh).toBe(true);
    expect(first.engine).toBe(
      `localhost/firn-${Buffer.from(first.key.publicKey).toString('hex').slice(0, 8)}`,
    );
    const again = load(undefined, true);
    expect(again).toMatchObject({ engine: first.engine, fresh: false, previous: null, log: first.log });
    expect(again.key.publicKey).toEqual(first.key.publicKey);
  });

  test('identity: a configured name is taken at the first start and must stay', () => {
    expect(load(NAME).engine).toBe(NAME);
    expect(load(NAME, true).engine).toBe(NAME);
    expect(load(undefined, true).engine).toBe(NAME);
    expect(() => load('cold.example/plant8', true)).toThrow(ConfigError);
    expect(() => load('cold.example/plant8', true)).toThrow(/plant8.*plant7-a.*--new-origin/s);
  });

  test('identity: a key that an operator put there before the first start is used', () => {
    const own = loadKey(keys, true);
    expect(load(NAME).key.publicKey).toEqual(own.publicKey);
  });

  test('identity: a missing or foreign key while state exists is refused, and never replaced', () => {
    load(NAME);
    const path = join(keys, KEY_FILE);
    const own = readFileSync(path);
    rmSync(path);
    expect(() => load(NAME, true)).toThrow(ConfigError);
    expect(() => readFileSync(path)).toThrow(/ENOENT/);
    loadKey(join(folder, 'foreign'), true);
    copyFileSync(join(folder, 'foreign', KEY_FILE), path);
    expect(() => load(NAME, true)).toThrow(/not the key of "cold.example\/plant7-a"/);
    expect(() => load(NAME, true, 'cold.example/new')).toThrow(ConfigError);
    writeFileSync(path, own);
    expect(load(NAME, true).engine).toBe(NAME);
  });

  test('identity: state without its identity, or with a damaged one, is refused', () => {
    expect(() => load(NAME, true)).toThrow(/missing/);
    load(NAME);
    const path = join(state, IDENTITY_FILE);
    const whole = readFileSync(path, 'utf8');
    for (const bad of [
      '',
      whole.slice(0, -5),
      whole.replace('"log":1', '"log":0'),
      whole.replace('firn.identity/1', 'x'),
    ]) {
      writeFileSync(path, bad);
      expect(() => load(NAME, true), bad).toThrow(/damaged/);
    }
  });

  test('identity: a new origin keeps the key, begins another log and is told until it is settled', () => {
    const old = load(NAME);
    const now = load(undefined, true, 'cold.example/plant7-b');
    expect(now).toMatchObject({ engine: 'cold.example/plant7-b', previous: NAME, fresh: false });
    expect(now.log).not.toBe(old.log);
    expect(now.key.publicKey).toEqual(old.key.publicKey);
    expect(load(undefined, true).previous).toBe(NAME);
    now.settle();
    expect(load(undefined, true)).toMatchObject({
      engine: 'cold.example/plant7-b',
      previous: null,
      log: now.log,
    });
    // The option may stay on the command line.
    expect(load('cold.example/plant7-b', true, 'cold.example/plant7-b')).toMatchObject({
      previous: null,
      log: now.log,
    });
    expect(() => load(undefined, true, NAME)).toThrow(/before/);
    expect(() => load(NAME, true)).toThrow(ConfigError);
  });

  test('identity: a new origin is refused while sealed batches wait for the lake, and changes nothing', () => {
    const own = load(NAME);
    const log = SealLog.open(diskStorage, join(state, 'log', own.log));
    const seals = [Buffer.from(`{"n":0,"prev":"${NO_PREV}"}`)];
    seals.push(Buffer.from(`{"n":1,"prev":"${sha256Hex(seals[0] as Buffer)}"}`));
    log.append(seals.slice(0, 1));
    const none = { accepted: 0, duplicate: 0, received: 0, rejected: 0 };
    const fold = new Fold(() => {
      throw new Error('no stream');
    });
    const head = { engine: NAME, base: none, sealsPosition: 0, nextIndex: 2, prev: NO_PREV, logSize: 1 };
    writeSnapshot(diskStorage, state, fold, { ...head, sealedMs: 0, keptHour: -1, nextSeq: new Map() }, []);
    expect(() => load(undefined, true, 'cold.example/b')).toThrow(ConfigError);
    expect(() => load(undefined, true, 'cold.example/b')).toThrow(/1 sealed batches.*start once without/s);
    expect(load(NAME, true)).toMatchObject({ engine: NAME, previous: null, log: own.log });
    // Published since the snapshot was made.
    log.append(seals.slice(1));
    log.close();
    expect(load(undefined, true, 'cold.example/b').previous).toBe(NAME);
  });

  test('identity: two names in one start are refused', () => {
    load(NAME);
    expect(() => load(NAME, true, 'cold.example/b')).toThrow(/set "engine"/);
    expect(load(undefined, true).engine).toBe(NAME);
  });

  test('identity: names that are no folder of their own in the lake are refused', () => {
    for (const good of ['a', 'localhost/firn-0123abcd', NAME, 'a.b/c_d/e'])
      expect(isOrigin(good), good).toBe(true);
    for (const bad of [
      '',
      '..',
      'a/..',
      'a//b',
      '/a',
      'a/',
      'a b',
      'a+b',
      'a/tile',
      'a/checkpoint',
      'a/policy',
      'é',
      'a'.repeat(201),
    ]) {
      expect(isOrigin(bad), bad).toBe(false);
      expect(() => load(bad)).toThrow(ConfigError);
    }
  });

  test('identity: a disk that fails at any call of the first start leaves a folder that the next start takes', () => {
    const { storage, trace } = faultyStorage(diskStorage, null);
    loadIdentity(join(folder, 's'), join(folder, 'k'), NAME, false, undefined, storage);
    const calls = trace.filter(({ kind }) => kind !== 'close').length;
    for (let call = 1; call <= calls; call++) {
      for (const how of ['not done', 'done', 'torn'] as const) {
        const [s, k] = [join(folder, `s${call}${how}`), join(folder, `k${call}${how}`)];
        const faulty = faultyStorage(diskStorage, { kind: 'any', call, how });
        try {
          loadIdentity(s, k, NAME, false, undefined, faulty.storage);
        } catch (error) {
          expect((error as Error).message).toMatch(/EIO/);
        }
        expect(faulty.failed()).toBe(true);
        const next = loadIdentity(s, k, NAME, false);
        expect(next.engine).toBe(NAME);
        expect(loadIdentity(s, k, NAME, true).key.publicKey).toEqual(next.key.publicKey);
      }
    }
  });
});

describe('identity and the lake', () => {
  let sink: Sink;
  let log: SealLog;
  let own: Identity;
  beforeEach(async () => {
    sink = directorySink(diskStorage, join(folder, 'lake'));
    await sink.probe();
    own = load(NAME);
    log = SealLog.open(diskStorage, join(state, 'log', own.log));
    let prev = NO_PREV;
    for (let i = 0; i < 5; i++) {
      const seal = Buffer.from(`{"n":${i},"prev":"${prev}"}`);
      log.append([seal]);
      prev = sha256Hex(seal);
    }
  });
  afterEach(() => log.close());

  const publish = (
    size: number,
    root: Uint8Array = log.root(size),
    key = own.key,
    name = NAME,
  ): Promise<void> => put(signNote(checkpointText(name, size, root), name, key));
  const put = async (note: string): Promise<void> => {
    const was = await sink.get(checkpointKey(NAME));
    expect(await sink.replace(checkpointKey(NAME), Buffer.from(note), was)).toBe('replaced');
  };
  const refusal = async (): Promise<string> => {
    const error = await compareWithLake(sink, own, log).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  };

  test('identity: a lake without a checkpoint is empty', async () => {
    expect(await compareWithLake(sink, own, log)).toEqual({ compared: 'empty', size: 0, note: null });
  });

  test('identity: a lake that is equal or behind is told so', async () => {
    await publish(5);
    expect(await compareWithLake(sink, own, log)).toMatchObject({ compared: 'equal', size: 5 });
    for (const size of [0, 1, 4]) {
      await publish(size);
      expect(await compareWithLake(sink, own, log)).toMatchObject({ compared: 'behind', size });
    }
  });

  test('identity: a lake that is ahead is refused with what to do', async () => {
    await publish(6, log.root(5));
    expect(await refusal()).toMatch(/holds 6 seals.*older than the lake, or a second engine.*--new-origin/s);
  });

  test('identity: a lake with other seals is refused', async () => {
    await publish(5, log.root(4));
    expect(await refusal()).toMatch(/other seals/);
    await publish(3, log.root(4));
    expect(await refusal()).toMatch(/other seals/);
  });

  test('identity: a checkpoint by another key, or of another log, is refused', async () => {
    await publish(5, log.root(5), loadKey(join(folder, 'foreign'), true));
    expect(await refusal()).toMatch(/another key/);
    await publish(5, log.root(5), own.key, 'cold.example/other');
    expect(await refusal()).toMatch(/another key/);
    const note = signNote(checkpointText('cold.example/other', 5, log.root(5)), NAME, own.key);
    await put(note);
    expect(await refusal()).toMatch(/older than the lake/);
  });

  test('identity: a damaged checkpoint is refused, not overwritten', async () => {
    const note = signNote(checkpointText(NAME, 5, log.root(5)), NAME, own.key);
    for (const bad of [note.slice(0, -10), note.replace('\n5\n', '\n4\n'), 'rubbish']) {
      await put(bad);
      expect(await refusal()).toMatch(/damaged/);
    }
  });

  test('identity: a lake that cannot be read is an outage, not a verdict', async () => {
    rmSync(join(folder, 'lake'), { recursive: true });
    await expect(compareWithLake(sink, own, log)).rejects.toBeInstanceOf(SinkOutage);
  });
});
