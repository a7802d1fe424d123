// Compression of canonical lines, as much as one batch might hold, and how small they get.

import * as zlib from 'node:zlib';
import * as wasm from '@bokuweb/zstd-wasm';
import { decompress, initCompress, compress as seal } from '../../workers/compress.ts';
import { Idiomatic } from './idiomatic.ts';
import { makeSlabs } from './slabs.ts';
import type { Arm, Subject } from './subject.ts';
import { makeTexts } from './texts.ts';

/** node:zlib has zstd from Node 22.15 on; the types of Node 20 do not know it. */
interface NodeZstd {
  zstdCompressSync?(bytes: Uint8Array, options: { params: Record<number, number> }): Uint8Array;
  zstdDecompressSync?(bytes: Uint8Array): Uint8Array;
}
/** ZSTD_c_compressionLevel of zstd.h. */
const LEVEL_PARAMETER = 100;

type Way = readonly [
  name: string,
  kind: Arm['kind'],
  pack: () => Uint8Array,
  unpack: (packed: Uint8Array) => Uint8Array,
];

export const compress: Subject = {
  name: 'compress',
  async prepare(records) {
    await initCompress();
    const slabs = makeSlabs(makeTexts(records).texts, { records: 100, form: 'lines' });
    const lines = new Idiomatic(false).lines(slabs);
    const ways: Way[] = [
      [
        'zstd level 1 in WebAssembly (seal)',
        'ours',
        () => seal(lines),
        (packed) => decompress(packed, lines.length),
      ],
      [
        'zstd level 3 in WebAssembly',
        'peer',
        () => wasm.compress(lines as Buffer, 3),
        (packed) => wasm.decompress(packed as Buffer),
      ],
      ...gzip(lines),
      ...nodeZstd(lines),
    ];
    const notes: string[] = [];
    const arms = ways.map(([name, kind, pack, unpack]): Arm => {
      const packed = pack();
      if (Buffer.compare(unpack(packed), lines) !== 0)
        throw new Error(`${name}: other bytes come out than went in`);
      notes.push(`${name}: ${(lines.length / packed.length).toFixed(2)} times smaller`);
      return { name, kind, run: pack };
    });
    const missing =
      (zlib as NodeZstd).zstdCompressSync === undefined ? ['zstd of node:zlib: from Node 22.15 on'] : [];
    const title = `compress: ${Math.round(lines.length / 1024)} KiB of lines, per record`;
    return {
      comparisons: [{ key: 'compress', title, unit: 'record', units: records, clock: 'cpu', arms, notes }],
      missing,
    };
  },
};

function gzip(lines: Uint8Array): Way[] {
  return [1, 6].map(
    (level): Way => [
      `gzip level ${level} of node:zlib`,
      'peer',
      () => zlib.gzipSync(lines, { level }),
      (packed) => zlib.gunzipSync(packed),
    ],
  );
}

function nodeZstd(lines: Uint8Array): Way[] {
  const { zstdCompressSync: pack, zstdDecompressSync: unpack } = zlib as NodeZstd;
  if (pack === undefined || unpack === undefined) return [];
  return [1, 3].map(
    (level): Way => [
      `zstd level ${level} of node:zlib`,
      'peer',
      () => pack(lines, { params: { [LEVEL_PARAMETER]: level } }),
      (packed) => unpack(packed),
    ],
  );
}
