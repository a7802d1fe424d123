// The checksum of a journal record, per KiB.

import * as zlib from 'node:zlib';
import { crc32c as ours } from '../../engine/crc32c.ts';
import { loadNative } from '../../workers/native.ts';
import { type Arm, mustAgree, type Subject } from './subject.ts';
import { makeTexts } from './texts.ts';
import { withKernels } from './with-kernels.ts';

/** CRC-32C by its definition: one bit at a time into a table, one byte at a time through it. */
function byBytes(bytes: Uint8Array, table: Int32Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++)
    crc = (table[(crc ^ (bytes[i] as number)) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    return crc;
  });
}

export const crc32c: Subject = {
  name: 'crc32c',
  prepare(records) {
    const { bytes } = makeTexts(records);
    const table = makeTable();
    const native = loadNative();
    const missing =
      native.addon === null
        ? [`crc32c, native: ${native.reason}`]
        : native.addon.crc32c === undefined
          ? ['crc32c, native: this processor has no instruction for it']
          : [];
    const ways: [string, Arm['kind'], () => number][] = [
      ['crc32c, native (the instruction)', 'ours', () => ours(bytes)],
      ['crc32c, portable (16 tables, words)', 'ours', () => withKernels('portable', () => ours(bytes))],
      ['one table, byte by byte', 'peer', () => byBytes(bytes, table)],
    ];
    if (missing.length > 0) ways.shift();
    mustAgree(
      'checksums',
      ways.map(([name, , sum]) => [name, Buffer.from(sum().toString(16))]),
    );
    const arms = ways.map(([name, kind, run]): Arm => ({ name, kind, run }));
    // In zlib from Node 20.15 on.
    const { crc32 } = zlib as { crc32?: (bytes: Uint8Array) => number };
    if (crc32 !== undefined) {
      arms.push({
        name: 'zlib.crc32 (another polynomial, native)',
        kind: 'bound',
        run: () => crc32(bytes),
      });
    }
    const units = bytes.length / 1024;
    return {
      comparisons: [
        { key: 'crc32c', title: 'crc32c: per KiB', unit: 'KiB', units, clock: 'cpu', arms, notes: [] },
      ],
      missing,
    };
  },
};
