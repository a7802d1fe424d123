// Counting what a peer holds is worth something only if it sees what is wrong: a changed byte, a lost line, a cut file.

import { createHash, hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { countBatches, countHashedLines } from '../../bench/peers/batch-files.ts';
import { countQueued } from '../../bench/peers/mosquitto-queue.ts';
import { compress, initCompress } from '../../workers/compress.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'firn-stored-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A block as the Node peer writes it; `hashed` = the lines that its hash is of. */
async function block(lines: readonly string[], hashed = lines): Promise<Buffer> {
  await initCompress();
  const frame = compress(Buffer.from(lines.map((line) => `${line}\n`).join('')));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(frame.length);
  const all = createHash('sha256').update(hashed.map((line) => hash('sha256', line)).join(''));
  return Buffer.concat([length, all.digest(), frame]);
}

const hashedLine = (line: string): string => `${hash('sha256', line)} ${line}\n`;

test('stored: blocks of all files are counted, and a torn last one is not', async () => {
  const one = await block(['{"a":1}', '{"a":2}']);
  const two = await block(['{"é":1}']);
  writeFileSync(join(folder, 'readings-1.batches'), Buffer.concat([one, two]));
  writeFileSync(join(folder, 'readings-2.batches'), Buffer.concat([two, one.subarray(0, one.length - 1)]));
  expect(await countBatches(folder)).toEqual({ files: 2, records: 4 });
});

test('stored: a block whose lines are not those of its hash is an error that says where', async () => {
  const sound = await block(['{"a":1}']);
  const file = join(folder, 'readings-1.batches');
  writeFileSync(file, Buffer.concat([sound, await block(['{"a":1}', '{"a":3}'], ['{"a":1}', '{"a":2}'])]));
  await expect(countBatches(folder)).rejects.toThrow(
    `${file}, block at byte ${sound.length}: the hash of the batch is not that of its 2 lines`,
  );
});

test('stored: hashed lines are counted across reads of a megabyte, and a torn last one is not', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => hashedLine(`{"sensor":"é\u2028${i}"}`));
  writeFileSync(
    join(folder, 'readings-1.lines'),
    `${lines.join('')}${hashedLine('{"torn":1}').slice(0, 70)}`,
  );
  expect(await countHashedLines(folder)).toEqual({ files: 1, records: 20_000 });
});

test('stored: a line that was changed is an error', async () => {
  const changed = hashedLine('{"a":2}').replace('2}', '3}');
  writeFileSync(
    join(folder, 'readings-1.lines'),
    `${hashedLine('{"a":1}')}${changed}${hashedLine('{"a":4}')}`,
  );
  await expect(countHashedLines(folder)).rejects.toThrow(/does not have the hash it begins with/);
});

/** mosquitto.db of version 6 with chunks of these types and lengths. */
function database(chunks: readonly (readonly [type: number, bytes: number])[]): Buffer {
  const header = Buffer.concat([Buffer.from('\0\u00b5\0mosquitto db', 'latin1'), Buffer.alloc(8)]);
  header.writeUInt32BE(6, 19);
  const bodies = chunks.map(([type, bytes]) => {
    const chunk = Buffer.alloc(8 + bytes, 3);
    chunk.writeUInt32BE(type, 0);
    chunk.writeUInt32BE(bytes, 4);
    return chunk;
  });
  return Buffer.concat([header, ...bodies]);
}

test('stored: queued messages are counted among the other chunks, wherever a read ends', async () => {
  const file = join(folder, 'mosquitto.db');
  const chunks = Array.from({ length: 9000 }, (_, i) => [2 + (i % 2), 300 + (i % 7)] as const);
  writeFileSync(file, database([[1, 16], [2, 3 * 1024 * 1024], ...chunks, [5, 20]]));
  expect(await countQueued(file)).toBe(4500);
});

test('stored: a cut database, an old one and another file are errors', async () => {
  const file = join(folder, 'mosquitto.db');
  const whole = database([
    [1, 16],
    [3, 100],
  ]);
  for (const bytes of [whole.length - 1, whole.length - 105, 10]) {
    writeFileSync(file, whole.subarray(0, bytes));
    await expect(countQueued(file)).rejects.toThrow(bytes === 10 ? 'not a database' : 'cut short');
  }
  const old = Buffer.from(whole);
  old.writeUInt32BE(3, 19);
  writeFileSync(file, old);
  await expect(countQueued(file)).rejects.toThrow('version 3');
  writeFileSync(file, 'something else that is long enough');
  await expect(countQueued(file)).rejects.toThrow('not a database');
});
