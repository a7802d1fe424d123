// `firn inspect` says what a file is, whether it is whole, and never believes a length in it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { run } from '../../engine/cli/inspect.ts';
import { crc32c } from '../../engine/crc32c.ts';
import { encodeHeader, RECORD_HEADER_BYTES, RECORD_TYPE } from '../../engine/journal/record.ts';
import { encodeSegmentHeader } from '../../engine/journal/segments.ts';
import { LOG_FILE, SealLog } from '../../engine/seal/log.ts';
import { diskStorage } from '../../engine/storage.ts';
import { type LakeBuilder, soundLake } from '../support/lake.ts';

const top = mkdtempSync(join(tmpdir(), 'firn-cli-inspect-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

interface Shown {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function command(...argv: string[]): Promise<Shown> {
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

async function json(
  file: string,
): Promise<{ code: number; kind: string; fault: string | null; facts: Record<string, unknown> }> {
  const { code, out } = await command(file, '--json');
  return { code, ...JSON.parse(out) };
}

/** A record of the journal as it lies on disk. */
function record(position: number, type: number, flags: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(RECORD_HEADER_BYTES + Math.ceil(payload.length / 8) * 8);
  const header = {
    position,
    bytes: payload.length,
    type,
    flags,
    unsynced: 0,
    wallMs: 1_770_000_000_000,
    runningMs: 5,
    payloadCrc: crc32c(payload),
  };
  encodeHeader(new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEADER_BYTES), header);
  bytes.set(payload, RECORD_HEADER_BYTES);
  return bytes;
}

/** A control entry: kind 5 (audit) with some JSON. */
function entry(): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.writeUInt32LE(24, 0);
  bytes[4] = 5;
  bytes.writeUInt32LE(2, 8);
  bytes.write('{}', 16);
  return bytes;
}

function segment(name: string, ...more: Uint8Array[]): string {
  const path = join(top, name);
  const first = record(1064, 1, 1, Buffer.concat([entry(), entry()]));
  const second = record(1064 + first.length, 1, 2, entry());
  writeFileSync(path, Buffer.concat([encodeSegmentHeader('records', 1000), first, second, ...more]));
  return path;
}

describe('firn inspect', () => {
  test('tells every seal of a local log, its size and root, and what is torn or damaged', async () => {
    const folder = join(top, 'log');
    const sealed = await soundLake(join(top, 'lake-of-log'));
    const log = SealLog.open(diskStorage, folder);
    log.append(sealed.seals.slice(0, 4));
    log.append(sealed.seals.slice(4));
    const root = Buffer.from(log.root()).toString('base64');
    log.close();
    const file = join(folder, LOG_FILE);
    const { kind, facts, code } = await json(file);
    expect({ kind, code }).toEqual({ kind: 'local log', code: 0 });
    expect(facts).toMatchObject({ origin: sealed.origin, size: sealed.seals.length, root, tornBytes: 0 });
    expect((await command(file)).out).toMatch(/seal 0 +\S+ audit 2 audit\/year=2026/);
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(0, -5));
    const torn = await json(file);
    expect(torn).toMatchObject({ code: 1, facts: { size: sealed.seals.length - 1 } });
    expect(torn.fault).toContain('torn tail');
    // Looking changes nothing: the torn tail is for the next start to cut off.
    expect(readFileSync(file).length).toBe(whole.length - 5);
    whole[60] = (whole[60] as number) ^ 1;
    writeFileSync(file, whole);
    expect(await json(file)).toMatchObject({ code: 1, fault: expect.stringContaining('damaged at byte 16') });
  });

  test('tells cuts and seals of a seal journal by what is in them', async () => {
    const seal = '{"acct":{}}';
    const first = record(64, RECORD_TYPE.cut, 3, Buffer.from('{"index":7,"kind":"heartbeat","count":0}'));
    const second = record(
      64 + first.length,
      RECORD_TYPE.seal,
      3,
      Buffer.from(JSON.stringify({ index: 7, seal })),
    );
    const file = join(top, 'seals.firnj');
    writeFileSync(file, Buffer.concat([encodeSegmentHeader('seals', 0), first, second]));
    const { facts } = await json(file);
    expect(facts).toMatchObject({
      kind: 'seals',
      totals: { cut: 1, seal: 1 },
      shown: [{ type: 'cut' }, { type: 'seal', content: `seal 7: ${seal}` }],
    });
  });

  let lake: LakeBuilder;
  beforeAll(async () => {
    lake = await soundLake(join(top, 'lake'));
  });

  test('shows an object: frame, lines, root, first lines', async () => {
    const path = join(lake.folder, lake.keys[1] as string);
    const { root } = JSON.parse(String(lake.seals[1])) as { root: string };
    expect(await json(path)).toMatchObject({
      code: 0,
      kind: 'batch object',
      fault: null,
      facts: { lines: 25, root, firstSeq: '1' },
    });
    const { out } = await command(path);
    expect(out).toContain('25, sequence numbers from 1');
    expect(out).toContain('"sensor_id":"sensor-0"');
  });

  test('says that an object is damaged or under the wrong name', async () => {
    const damaged = join(top, 'damaged.zst');
    writeFileSync(damaged, lake.read(lake.keys[1] as string).subarray(0, -5));
    expect(await json(damaged)).toMatchObject({ code: 1, fault: 'the frame is cut short' });
    const renamed = join(top, `batch_${'0'.repeat(64)}_1.ndjson.zst`);
    writeFileSync(renamed, lake.read(lake.keys[1] as string));
    expect(await json(renamed)).toMatchObject({ code: 1, fault: expect.stringContaining('the name says') });
  });

  test('shows a journal segment: header, records, entries by kind', async () => {
    const { code, kind, fault, facts } = await json(segment('whole.firnj'));
    expect([code, kind, fault]).toEqual([0, 'journal segment', null]);
    expect(facts).toMatchObject({
      kind: 'records',
      start: 1000,
      records: 2,
      totals: { audit: 3 },
      tornBytes: 0,
      shown: [
        { position: 1064, type: 'slab', flags: 'FIRST', content: { audit: 2 } },
        { type: 'slab', flags: 'LAST', content: { audit: 1 } },
      ],
    });
  });

  test('tells a torn tail from whole records, wherever the file is cut', async () => {
    const whole = record(1064 + 96 + 72, 1, 3, entry());
    for (const bytes of [1, RECORD_HEADER_BYTES - 1, RECORD_HEADER_BYTES, whole.length - 1]) {
      const inspection = await json(segment('torn.firnj', whole.subarray(0, bytes)));
      expect(inspection).toMatchObject({ code: 1, facts: { records: 2, tornBytes: bytes } });
      expect(inspection.fault).toContain('torn tail');
    }
  });

  test('does not believe a length beyond the file', async () => {
    const huge = record(1064 + 96 + 72, 1, 3, entry());
    const header = {
      position: 1232,
      bytes: 1 << 30,
      type: 1,
      flags: 3,
      unsynced: 0,
      wallMs: 0,
      runningMs: 0,
      payloadCrc: 0,
    };
    encodeHeader(new DataView(huge.buffer, huge.byteOffset, RECORD_HEADER_BYTES), header);
    expect(await json(segment('huge.firnj', huge))).toMatchObject({
      code: 1,
      facts: { records: 2 },
      fault: expect.stringContaining('cut short'),
    });
  });

  test('counts bytes of a record that are no entries', async () => {
    const odd = record(1232, 1, 3, Buffer.from([9, 9, 9, 9, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0]));
    expect(await json(segment('odd.firnj', odd))).toMatchObject({
      code: 0,
      facts: { totals: { audit: 3, malformed: 16 } },
    });
  });

  test('says that a segment header is damaged', async () => {
    const path = join(top, 'header.firnj');
    const header = Buffer.from(encodeSegmentHeader('seals', 0));
    header[20] = 1;
    writeFileSync(path, header);
    expect(await json(path)).toMatchObject({ code: 1, fault: expect.stringContaining('checksum') });
  });

  test('shows a checkpoint and checks its signature with the policy beside it', async () => {
    const path = join(lake.folder, `_log/${lake.origin}/checkpoint`);
    expect(await json(path)).toMatchObject({
      code: 0,
      kind: 'checkpoint',
      facts: { origin: lake.origin, size: 10, verdict: expect.stringContaining('verifies') },
    });
    const alone = join(top, 'alone');
    writeFileSync(alone, lake.checkpoint());
    expect(await json(alone)).toMatchObject({
      code: 0,
      facts: { verdict: expect.stringContaining('not checked') },
    });
    const forged = await soundLake(join(top, 'forged'));
    forged.write(`_log/${forged.origin}/checkpoint`, forged.checkpoint().replace('\n10\n', '\n11\n'));
    expect(await json(join(forged.folder, `_log/${forged.origin}/checkpoint`))).toMatchObject({
      code: 1,
      fault: expect.stringContaining('FAILS'),
    });
  });

  test('shows policy, seal and tiles', async () => {
    const log = join(lake.folder, '_log', lake.origin);
    expect(await json(join(log, 'policy'))).toMatchObject({
      code: 0,
      kind: 'policy',
      facts: { logs: [lake.vkey], quorum: 'none' },
    });
    expect(await json(join(log, 'tile/entries/000.p/10'))).toMatchObject({
      code: 0,
      kind: 'entry bundle',
      facts: { entries: 10 },
    });
    expect(await json(join(log, 'tile/0/000.p/10'))).toMatchObject({ code: 0, kind: 'hash tile' });
    const seal = join(top, 'seal.json');
    writeFileSync(seal, lake.seals[1] as Uint8Array);
    expect(await json(seal)).toMatchObject({ code: 0, kind: 'seal', facts: { count: 25 } });
  });

  test.each([
    ['an unknown file', () => Buffer.from('hello')],
    ['an empty file', () => Buffer.alloc(0)],
  ])('exits 2 with a word for %s', async (_, body) => {
    const path = join(top, 'unknown');
    writeFileSync(path, body());
    const { code, err } = await command(path);
    expect(code).toBe(2);
    expect(err).toContain('none of the files that firn writes');
  });

  test('exits 2 with a word for a folder and for nothing', async () => {
    expect(await command(top)).toMatchObject({ code: 2, err: expect.stringContaining('not a file') });
    expect(await command(join(top, 'nothing'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('no such file'),
    });
  });
});
