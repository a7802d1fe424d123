// Compression of canonical lines, as much as one batch might hold, how small they get, and how they come back.

import * as zlib from 'node:zlib';
import * as wasm from '@bokuweb/zstd-wasm';
import { decompress, initCompress, compress as seal } from '../../workers/compress.ts';
import { loadNative } from '../../workers/native.ts';
import { Idiomatic } from './idiomatic.ts';
import { makeSlabs } from './slabs.ts';
import type { Arm, Comparison, Subject } from './subject.ts';
import { makeTexts } from './texts.ts';
import { withKernels } from './with-kernels.ts';

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
    await withKernels('portable', initCompress);
    const slabs = makeSlabs(makeTexts(records).texts, { records: 100, form: 'lines' });
    const lines = new Idiomatic(false).lines(slabs);
    const missing: string[] = [];
    const ways = [...ours(lines, missing), ...gzip(lines), ...nodeZstd(lines, missing)];
    const packs: Arm[] = [];
    const unpacks: Arm[] = [];
    const notes: string[] = [];
    for (const [name, kind, pack, unpack] of ways) {
      const packed = pack();
      if (Buffer.compare(unpack(packed), lines) !== 0)
        throw new Error(`${name}: other bytes come out than went in`);
      notes.push(`${name}: ${(lines.length / packed.length).toFixed(2)} times smaller`);
      packs.push({ name, kind, run: pack });
      unpacks.push({ name, kind, run: () => unpack(packed) });
    }
    const size = `${Math.round(lines.length / 1024)} KiB of lines, per record`;
    const same = { unit: 'record', units: records, clock: 'cpu' } as const;
    const comparisons: Comparison[] = [
      { key: 'compress', title: `compress: ${size}`, ...same, arms: packs, notes },
      {
        key: 'decompress',
        title: `decompress: ${size}`,
        ...same,
        arms: unpacks,
        notes: [
          'each decodes what it packed itself; ours walk the frame first and refuse anything but exactly one',
        ],
      },
    ];
    return { comparisons, missing };
  },
};

/** What seal and verify use, out of the addon and without it, and the level that others take. */
function ours(lines: Uint8Array, missing: string[]): Way[] {
  const open = (packed: Uint8Array): Uint8Array => decompress(packed, lines.length);
  const native = loadNative();
  const version = native.addon?.zstd ?? null;
  const ways: Way[] = [
    [
      'zstd level 1 in WebAssembly, without the addon',
      'ours',
      () => withKernels('portable', () => seal(lines)),
      (packed) => withKernels('portable', () => open(packed)),
    ],
    [
      'zstd level 3 in WebAssembly',
      'peer',
      () => wasm.compress(lines as Buffer, 3),
      (packed) => wasm.decompress(packed as Buffer),
    ],
  ];
  if (version !== null)
    return [[`zstd ${version} level 1, native`, 'ours', () => seal(lines), open], ...ways];
  missing.push(`zstd, native: ${native.addon === null ? native.reason : 'the addon was built without it'}`);
  return ways;
}

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

function nodeZstd(lines: Uint8Array, missing: string[]): Way[] {
  const { zstdCompressSync: pack, zstdDecompressSync: unpack } = zlib as NodeZstd;
  if (pack === undefined || unpack === undefined) {
    missing.push('zstd of node:zlib: from Node 22.15 on');
    return [];
  }
  return [1, 3].map(
    (level): Way => [
      `zstd level ${level} of node:zlib`,
      'peer',
      () => pack(lines, { params: { [LEVEL_PARAMETER]: level } }),
      (packed) => unpack(packed),
    ],
  );
}
