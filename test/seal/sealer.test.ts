// The seal stage from outside: what lies in the lake after a feed, recomputed with node:crypto and the zstd program alone.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { POSITION } from '../../engine/ring/layout.ts';
import { type Sink, SinkOutage } from '../../engine/sink/sink.ts';
import { diskStorage } from '../../engine/storage.ts';
import { faultyStorage } from '../support/faulty-storage.ts';
import { independent, independentRuns } from '../support/independent.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';
import { readLake } from '../support/read-lake.ts';
import { type BedOptions, ENGINE, NOON, SealBed, settle } from '../support/seal-bed.ts';

const beds: SealBed[] = [];

function bed(options: BedOptions = {}): SealBed {
  const made = new SealBed(temporaryFolder(), options);
  beds.push(made);
  return made;
}

afterEach(() => {
  for (const made of beds.splice(0)) made.close();
});

function sha256(...parts: (Uint8Array | string)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** RFC 6962 §2.1, as written there. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0] as Buffer;
  let split = 1;
  while (2 * split < leaves.length) split *= 2;
  return sha256(Buffer.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}

test('sealer: a small feed lies in the lake byte for byte as the format says', async () => {
  const b = bed();
  b.feed.frame(
    [
      reading('2026-02-01T11:59:58.5Z', 4.5),
      reading('2026-02-01T11:59:58.50+00:00', 7, { compliance_state: 'excursion' }),
    ].join('\n'),
    NOON,
  );
  b.feed.frame(`${reading('2026-01-31T23:59:59Z')}\n{"sensor_id":1}\nrubbish`, NOON + 5);
  b.feed.audit({ action: 'start', at_utc: '2026-02-01T12:00:00.000Z' }, NOON);
  const sealer = await b.open();
  expect(await b.drain(sealer)).toBe(true);
  sealer.close();

  const seals = b.seals();
  expect(seals.map(({ kind, count }) => [kind, count])).toEqual([
    ['records', 2],
    ['records', 1],
    ['dead-letter', 2],
    ['audit', 2],
  ]);
  const lake = new Map((await readLake(b.lake, '')).map(({ key, lines }) => [key, lines]));
  expect(lake.size).toBe(4);
  let prev = '0'.repeat(64);
  for (const seal of seals) {
    const lines = lake.get(seal.key) ?? [];
    const object = readFileSync(join(b.lake, seal.key));
    expect(seal.prev).toBe(prev);
    expect(lines).toHaveLength(seal.count);
    expect(rootOf(lines.map((line) => sha256(Buffer.of(0), line))).toString('hex')).toBe(seal.root);
    expect(sha256(lines.map((line) => `${line}\n`).join('')).toString('hex')).toBe(seal.ndjson_sha256);
    expect([object.length, sha256(object).toString('hex')]).toEqual([seal.zstd_bytes, seal.zstd_sha256]);
    expect(existsSync(join(b.lake, '_schema', seal.schema, `${seal.schema_sha256}.json`))).toBe(true);
    prev = sha256(JSON.stringify(seal)).toString('hex');
  }
  const [first, late, letters] = seals;
  expect(first?.key).toMatch(/^coldchain\/year=2026\/month=02\/day=01\/batch_[0-9a-f]{64}_1\.ndjson\.zst$/);
  // Equal instants: the first in the file tells both, in the sender's characters.
  expect([first?.ts_min, first?.ts_max, first?.excursions]).toEqual([
    '2026-02-01T11:59:58.5Z',
    '2026-02-01T11:59:58.5Z',
    1,
  ]);
  expect([late?.first_seq, late?.last_seq]).toEqual(['3', '3']);
  expect(late?.key).toMatch(/^coldchain\/year=2026\/month=01\/day=31\//);
  expect(letters?.acct).toEqual({ accepted: '3', duplicate: '0', received: '5', rejected: '2' });
  expect((lake.get(letters?.key ?? '') ?? []).map((line) => JSON.parse(line))).toEqual([
    {
      ...{
        code: 'field.type',
        detail: expect.any(String),
        path: '/sensor_id',
        raw_b64: Buffer.from('{"sensor_id":1}').toString('base64'),
      },
      ...{
        received_utc: '2026-02-01T12:00:00.005Z',
        rejected_utc: '2026-02-01T12:00:00.005Z',
        schema: 'telemetry/1',
      },
      source: { frame: 1, principal: 'fleet', record: 1, session: 'truck-1' },
    },
    {
      ...{
        code: 'json.syntax',
        detail: expect.any(String),
        path: null,
        raw_b64: Buffer.from('rubbish').toString('base64'),
      },
      ...{
        received_utc: '2026-02-01T12:00:00.005Z',
        rejected_utc: '2026-02-01T12:00:00.005Z',
        schema: 'telemetry/1',
      },
      source: { frame: 1, principal: 'fleet', record: 2, session: 'truck-1' },
    },
  ]);
  const probe = b.ofType('audit')[0]?.event;
  expect([probe?.action, probe?.target]).toEqual(['store.probe', b.lake]);
});

test.skipIf(!independentRuns)(
  'sealer: the independent verifier finds a drained lake sound (skipped without python3 and zstd)',
  async () => {
    const b = bed({ cut: { records: 7 } });
    const sealer = await b.open();
    for (let i = 0; i < 40; i++) {
      b.feed.frame(
        `${reading(`2026-01-${String(10 + (i % 5))}T10:00:00Z`, i)}\n${i % 3 === 0 ? '[]' : reading('2026-02-01T01:00:00Z', i)}`,
        NOON + i,
      );
      if (i % 10 === 0) {
        b.clock.pass(11_000);
        await settle(sealer);
      }
    }
    await b.drain(sealer);
    const { code, report } = independent(b.lake);
    expect({ code, findings: report?.findings }).toEqual({ code: 0, findings: [] });
    expect(report?.records).toBe(40 + 40 - 14 + 14 + 1);
    sealer.close();
  },
);

test('sealer: a batch is cut exactly at its count, in the middle of a frame', async () => {
  const b = bed({ cut: { records: 10 } });
  const sealer = await b.open();
  b.feed.frame(Array.from({ length: 25 }, (_, i) => reading('2026-02-01T01:00:00Z', i)).join('\n'), NOON);
  await settle(sealer);
  expect(b.seals().map((seal) => [seal.count, seal.first_seq])).toEqual([
    [10, '1'],
    [10, '11'],
  ]);
  expect(b.positions[POSITION.openRecords]).toBe(5n);
  await b.drain(sealer);
  const lines = (await readLake(b.lake, 'coldchain/')).flatMap((object) =>
    object.lines.map((line) => JSON.parse(line).temperature_c as number),
  );
  expect(lines.sort((x, y) => x - y)).toEqual(Array.from({ length: 25 }, (_, i) => i));
  sealer.close();
});

test('sealer: bytes of lines cut a batch, and the estimate of its lines cuts a dead letter', async () => {
  const b = bed({ cut: { bytes: 2000 } });
  const sealer = await b.open();
  b.feed.frame(Array.from({ length: 30 }, (_, i) => reading('2026-02-01T01:00:00Z', i)).join('\n'), NOON);
  b.feed.frame(Array.from({ length: 6 }, () => 'x'.repeat(300)).join('\n'), NOON);
  await settle(sealer);
  const seals = b.seals();
  const records = seals.filter((seal) => seal.kind === 'records');
  expect(records.length).toBeGreaterThanOrEqual(2);
  for (const seal of records) {
    const bytes = seal.ndjson_bytes;
    expect(bytes).toBeGreaterThanOrEqual(2000);
    expect(bytes).toBeLessThan(2000 + 200);
  }
  // 1,024 + 400 bytes each are reckoned.
  expect(seals.filter((seal) => seal.kind === 'dead-letter').map((seal) => seal.count)).toEqual([2, 2, 2]);
  sealer.close();
});

test('sealer: age cuts today and yesterday after age, other days after lateAge', async () => {
  const b = bed({ cut: { age: 10, lateAge: 60 } });
  const sealer = await b.open();
  b.feed.frame(
    [
      reading('2026-02-01T01:00:00Z'),
      reading('2026-01-31T01:00:00Z'),
      reading('2026-01-30T01:00:00Z'),
      reading('2026-02-02T00:00:01Z'),
    ].join('\n'),
    NOON,
  );
  await settle(sealer);
  b.clock.pass(9_999);
  await settle(sealer);
  expect(b.seals()).toEqual([]);
  b.clock.pass(1);
  await settle(sealer);
  expect(b.seals().map((seal) => String(seal.key).slice(10, 39))).toEqual(
    ['year=2026/month=02/day=01/batc', 'year=2026/month=01/day=31/batc'].map((key) => key.slice(0, 29)),
  );
  b.clock.pass(50_000);
  await settle(sealer);
  expect(b.seals()).toHaveLength(4);
  sealer.close();
});

test('sealer: 3,000 interleaved days make one object a day in lateAge and stay within the bounds', async () => {
  const b = bed({ cut: { age: 10, lateAge: 60 }, sealer: { heartbeatMs: 1e9 } });
  const sealer = await b.open(HASTY_STORAGE);
  const days = 3000;
  let most = 0;
  for (let turn = 0; turn < 4; turn++) {
    for (let from = 0; from < days; from += 500) {
      const lines = Array.from({ length: 500 }, (_, i) => {
        const day = new Date(Date.UTC(2010, 0, 1 + (((from + i) * 7 + turn) % days))).toISOString();
        return reading(day, turn);
      });
      b.feed.frame(lines.join('\n'), NOON);
    }
    b.clock.pass(14_000);
    while (sealer.seal()) most = Math.max(most, Number(b.positions[POSITION.openPartitions]));
    most = Math.max(most, Number(b.positions[POSITION.openPartitions]));
  }
  expect(most).toBe(days);
  expect(b.positions[POSITION.openRecords]).toBe(BigInt(4 * days));
  b.clock.pass(60_000);
  while (sealer.seal());
  expect(b.positions[POSITION.openPartitions]).toBe(0n);
  await b.drain(sealer);
  const seals = b.seals().filter((seal) => seal.kind === 'records');
  expect(seals).toHaveLength(days);
  expect(new Set(seals.map((seal) => String(seal.key).slice(0, 40))).size).toBe(days);
  expect(seals.every((seal) => seal.count === 4)).toBe(true);
  sealer.close();
});

test('sealer: too many partitions or runs cut the largest, and nothing is lost', async () => {
  const b = bed({ cut: { age: 1000, lateAge: 1000 }, sealer: { limits: { partitions: 5, positions: 12 } } });
  const sealer = await b.open();
  for (let i = 0; i < 40; i++) {
    const lines = [
      reading(`2026-01-0${1 + (i % 9)}T01:00:00Z`, i),
      reading(`2026-01-1${i % 3}T01:00:00Z`, i),
    ];
    b.feed.frame(lines.join('\n'), NOON);
    while (sealer.seal());
    expect(Number(b.positions[POSITION.openPartitions])).toBeLessThanOrEqual(5);
  }
  await b.drain(sealer);
  const objects = await readLake(b.lake, 'coldchain/');
  for (const { key, lines } of objects) {
    const day = /year=(\d+)\/month=(\d+)\/day=(\d+)/.exec(key)?.slice(1).join('-');
    expect(lines.every((line) => (JSON.parse(line).timestamp_utc as string).startsWith(day ?? ''))).toBe(
      true,
    );
  }
  expect(objects.flatMap(({ lines }) => lines)).toHaveLength(80);
  sealer.close();
});

test('sealer: the batch with a stop event balances the accounts, also when its age is up before the drain', async () => {
  const b = bed({ cut: { age: 100, lateAge: 100 } });
  const sealer = await b.open();
  b.feed.audit({ action: 'stop', at_utc: '2026-02-01T11:59:00.000Z' }, NOON);
  b.feed.frame(`${reading('2026-02-01T01:00:00Z')}\n${reading('2026-01-05T01:00:00Z')}\nrubbish`, NOON);
  await settle(sealer);
  b.clock.pass(10_000);
  await settle(sealer);
  const seals = b.seals();
  expect(seals.map((seal) => seal.kind)).toEqual(['records', 'records', 'dead-letter', 'audit']);
  const sum = (kind: string): number =>
    seals.filter((seal) => seal.kind === kind).reduce((total, seal) => total + seal.count, 0);
  const acct = seals.at(-1)?.['acct'] as unknown as Record<string, string>;
  expect([String(sum('records')), String(sum('dead-letter'))]).toEqual([acct['accepted'], acct['rejected']]);
  sealer.close();
});

test('sealer: sealed_utc does not run backwards when the clock does, nor over a restart', async () => {
  const b = bed({ cut: { records: 1 } });
  const sealer = await b.open();
  b.feed.frame(reading('2026-02-01T12:00:00Z'), NOON);
  await settle(sealer);
  b.clock.wall -= 3_600_000;
  b.feed.frame(reading('2026-02-01T12:00:01Z'), NOON);
  await settle(sealer);
  sealer.snapshot();
  sealer.close();
  b.clock.wall -= 3_600_000;
  const again = await b.open();
  b.feed.frame(reading('2026-02-01T12:00:02Z'), NOON);
  await settle(again);
  b.clock.pass(3 * 3_600_000);
  b.feed.frame(reading('2026-02-01T12:00:03Z'), NOON);
  await settle(again);
  again.close();
  const times = b.seals().map((seal) => seal.sealed_utc);
  const noon = '2026-02-01T12:00:00.000Z';
  expect(times).toEqual([noon, noon, noon, '2026-02-01T13:00:00.000Z']);
});

test('sealer: an idle engine emits a heartbeat, and any seal puts it off', async () => {
  const b = bed({ cut: { age: 10 } });
  const sealer = await b.open();
  b.clock.pass(299_999);
  await settle(sealer);
  expect(b.seals()).toEqual([]);
  b.clock.pass(1);
  await settle(sealer);
  expect(b.seals().map((seal) => seal.kind)).toEqual(['heartbeat']);
  b.feed.frame(reading('2026-02-01T01:00:00Z'), NOON);
  await settle(sealer);
  b.clock.pass(200_000);
  await settle(sealer);
  b.clock.pass(200_000);
  await settle(sealer);
  expect(b.seals().map((seal) => seal.kind)).toEqual(['heartbeat', 'records']);
  b.clock.pass(100_000);
  await settle(sealer);
  expect(b.seals().map((seal) => seal.kind)).toEqual(['heartbeat', 'records', 'heartbeat']);
  sealer.close();
});

test('sealer: checkpoints come at most every ten seconds, the first of an hour and the drain are kept', async () => {
  const b = bed({ cut: { records: 1 }, sealer: { heartbeatMs: 1e9 } });
  const sealer = await b.open();
  for (let i = 0; i < 6; i++) {
    b.feed.frame(reading('2026-02-01T01:00:00Z', i), NOON);
    await settle(sealer);
    b.clock.pass(5_000);
  }
  expect(b.ofType('checkpoint').map(({ size }) => size)).toEqual([1, 3, 5]);
  b.clock.pass(3_600_000);
  await settle(sealer);
  await b.drain(sealer);
  const kept = join(b.lake, '_log', ENGINE, 'checkpoints');
  const sizes = [1, 3, 5, 6, 7].filter((size) => existsSync(join(kept, String(size).padStart(20, '0'))));
  expect(sizes).toEqual([1, 6, 7]);
  sealer.close();
});

test('sealer: a batch is on disk step by step: its cut, its object, that object’s name, its seal, and then the lake', async () => {
  const b = bed({ cut: { records: 2 } });
  const { storage, trace } = faultyStorage(diskStorage, null);
  const sealer = await b.open(storage);
  await settle(sealer);
  b.feed.frame([1, 2].map((value) => reading('2026-02-01T01:00:00Z', value)).join('\n'), NOON);
  trace.length = 0;
  while (b.seals().length === 0) await sealer.step();
  const outbox = join(b.folder, 'state/outbox');
  const names = trace.map(({ kind, on }) => (typeof on === 'string' ? `${kind} ${on}` : kind));
  const after = (from: number, what: string): number => {
    const at = names.findIndex((name, i) => i > from && name.startsWith(what));
    expect(at, `${what} after ${from} in ${names.join(', ')}`).toBeGreaterThan(from);
    return at;
  };
  const cut = after(-1, 'datasync');
  const created = after(-1, `create ${outbox}`);
  expect(created).toBeGreaterThan(cut);
  const final = after(after(after(created, 'sync'), `syncFolder ${outbox}`), 'datasync');
  const lake = names.findIndex((name) => /^(link|create|rename) /.test(name) && name.includes(b.lake));
  expect(lake).toBeGreaterThan(final);
  sealer.close();
});

test('sealer: a checkpoint that somebody changed meanwhile is compared again, and is published only when it was replaced', async () => {
  const b = bed({ cut: { records: 1 } });
  const inner = b.sink();
  let refusals = 0;
  const refusing: Sink['replace'] = async (key, body, was) => {
    if (refusals === 0) return inner.replace(key, body, was);
    refusals -= 1;
    return 'different';
  };
  const sink: Sink = {
    putNew: (key, body, seal) => inner.putNew(key, body, seal),
    get: (key) => inner.get(key),
    remove: (key) => inner.remove(key),
    probe: () => inner.probe(),
    replace: refusing,
  };
  const sealer = await b.open(HASTY_STORAGE, sink);
  refusals = 2;
  b.feed.frame(reading('2026-02-01T01:00:00Z'), NOON);
  await settle(sealer);
  const checkpoint = join(b.lake, `_log/${ENGINE}/checkpoint`);
  expect(b.ofType('checkpoint')).toHaveLength(1);
  const first = readFileSync(checkpoint, 'utf8');
  expect(first.split('\n')[1]).toBe('1');

  refusals = Number.POSITIVE_INFINITY;
  b.feed.frame(reading('2026-02-01T02:00:00Z'), NOON);
  b.clock.pass(11_000);
  await settle(sealer);
  expect(b.ofType('checkpoint')).toHaveLength(1);
  expect(b.ofType('outage').at(-1)?.message).toContain('changed by someone else again and again');
  expect(readFileSync(checkpoint, 'utf8')).toBe(first);
  sealer.close();
});

test('sealer: a second engine that publishes other seals under the same name fences this one off', async () => {
  const [b, other] = [bed({ cut: { records: 1 } }), bed({ cut: { records: 1 } })];
  const [sealer, stranger] = [await b.open(HASTY_STORAGE), await other.open(HASTY_STORAGE)];
  for (const [each, value] of [
    [b, 1],
    [other, 2],
  ] as const) {
    each.feed.frame(reading('2026-02-01T01:00:00Z', value), NOON);
  }
  await settle(sealer);
  await settle(stranger);
  const key = `_log/${ENGINE}/checkpoint`;
  writeFileSync(join(b.lake, key), readFileSync(join(other.lake, key)));
  b.feed.frame(reading('2026-02-01T02:00:00Z'), NOON);
  b.clock.pass(11_000);
  await expect(settle(sealer)).rejects.toThrow(/fenced off.*second engine/s);
  expect(readFileSync(join(b.lake, key))).toEqual(readFileSync(join(other.lake, key)));
  sealer.close();
  stranger.close();
});

test('sealer: a round of objects of one schema puts it once, and again after it was refused', async () => {
  const b = bed({ cut: { records: 1 } });
  const inner = b.sink();
  const puts: string[] = [];
  let refuse = true;
  const sealer = await b.open(diskStorage, {
    get: (key) => inner.get(key),
    remove: (key) => inner.remove(key),
    probe: () => inner.probe(),
    replace: (key, body, was) => inner.replace(key, body, was),
    putNew: (key, body, seal) => {
      if (!key.startsWith('_schema/')) return inner.putNew(key, body, seal);
      puts.push(key);
      return refuse ? Promise.reject(new SinkOutage('away')) : inner.putNew(key, body);
    },
  });
  for (let i = 0; i < 16; i++) b.feed.frame(reading('2026-02-01T11:59:58Z', i), NOON);
  while (sealer.seal());
  expect(b.positions[POSITION.waitingBatches]).toBe(16n);
  await sealer.publish();
  expect([puts.length, b.seals().length]).toEqual([1, 0]);
  refuse = false;
  b.clock.pass(1000);
  await settle(sealer);
  expect([puts.length, b.seals().length]).toEqual([2, 16]);
  sealer.close();
});
