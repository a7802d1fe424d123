// A lake in S3 as tests look at it: every object with what the store says of it, and the whole as a folder, on which the
// verifiers run as on any other.

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { ObjectInfo } from '../../engine/s3/objects.ts';
import { openStore, type S3Store } from '../../engine/s3/store.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { independent, independentRuns } from './independent.ts';
import { readLines } from './read-lake.ts';

export interface S3Object {
  readonly bytes: Uint8Array;
  readonly info: ObjectInfo;
}

export async function readObjects(store: S3Store): Promise<Map<string, S3Object>> {
  const objects = new Map<string, S3Object>();
  for await (const { key } of store.list()) {
    const found = await store.get(key);
    if (found !== null) objects.set(key, found);
  }
  return objects;
}

/**
 * Checks a whole lake: each batch is what its metadata's seal says, nothing is left of probes, each key has one version
 * but what is replaced, and both verifiers find it sound. @returns its objects and the lines of `coldchain`.
 */
export async function checkLake(
  endpoint: string,
  bucket: string,
  prefix: string,
): Promise<{ objects: Map<string, S3Object>; lines: string[] }> {
  const store = await openStore({ bucket, prefix }, { endpoint });
  const folder = mkdtempSync(join(tmpdir(), 'firn-s3-'));
  try {
    const objects = await readObjects(store);
    for (const [key, { bytes, info }] of objects) {
      mkdirSync(dirname(join(folder, key)), { recursive: true });
      writeFileSync(join(folder, key), bytes);
      expect([key, info.metadata['firn']]).toEqual([key, '1']);
      if (!key.endsWith('.ndjson.zst')) continue;
      const seal = JSON.parse(Buffer.from(info.metadata['firn-seal'] ?? '', 'base64url').toString());
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      expect([seal.key, seal.zstd_sha256, seal.zstd_bytes]).toEqual([key, sha256, bytes.length]);
    }
    const versions = new Map<string, number>();
    for await (const { key, marker } of store.versions()) {
      expect([key, marker]).toEqual([key, false]);
      versions.set(key, (versions.get(key) ?? 0) + 1);
    }
    const several = [...versions].filter(([key, count]) => count > 1 && !key.endsWith('/checkpoint'));
    expect(several).toEqual([]);
    expect([...versions.keys()].filter((key) => key.startsWith('_tmp'))).toEqual([]);
    expect((await verifyLake({ lake: folder })).findings).toEqual([]);
    if (independentRuns) expect(independent(folder).report?.findings).toEqual([]);
    return { objects, lines: await readLines(folder, 'coldchain/') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    store.close();
  }
}
