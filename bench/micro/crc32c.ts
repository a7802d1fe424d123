// The checksum of a journal record, per KiB.

import * as zlib from 'node:zlib';
import { crc32c as ours } from '../../engine/crc32c.ts';
import { type Arm, mustAgree, type Subject } from './subject.ts';
import { makeTexts } from './texts.ts';

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
    const sums = [ours(bytes), byBytes(bytes, table)].map((sum) => Buffer.from(sum.toString(16)));
    mustAgree('checksums', [
      ['crc32c', sums[0] as Buffer],
      ['byte by byte', sums[1] as Buffer],
    ]);
    // In zlib from Node 20.15 on.
    const { crc32 } = zlib as { crc32?: (bytes: Uint8Array) => number };
    const arms: Arm[] = [
      { name: 'crc32c (16 tables, words)', kind: 'ours', run: () => ours(bytes) },
      { name: 'one table, byte by byte', kind: 'peer', run: () => byBytes(bytes, table) },
      ...(crc32 === undefined
        ? []
        : [
            {
              name: 'zlib.crc32 (another polynomial, native)',
              kind: 'bound',
              run: () => crc32(bytes),
            } as const,
          ]),
    ];
    const title = 'crc32c: per KiB';
    return {
      comparisons: [
        { key: 'crc32c', title, unit: 'KiB', units: bytes.length / 1024, clock: 'cpu', arms, notes: [] },
      ],
    };
  },
};
