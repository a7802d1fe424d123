// The proof of one record holds by itself, and stops holding when any part of it is changed.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseVkey } from '../../engine/seal/note.ts';
import { VerifyError } from '../../engine/verify/files.ts';
import { checkProof, proveRecord, type RecordProof } from '../../engine/verify/record.ts';
import { soundLake } from '../support/lake.ts';

const top = mkdtempSync(join(tmpdir(), 'firn-record-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

describe('verify: one record', () => {
  test('is proven from its line to the signed checkpoint', async () => {
    const lake = await soundLake(join(top, 'proof'));
    const keys = [parseVkey(lake.vkey)];
    for (const [index, line, sequence] of [
      [1, 1, '1'],
      [1, 25, '25'],
      [2, 130, '155'],
      [4, 1, '1'],
    ] as const) {
      const key = (JSON.parse(String(lake.seals[index])) as { key?: string }).key;
      const proof = await proveRecord({ lake: lake.folder, key: key ?? String(lake.keys[3]), line });
      expect(proof).toMatchObject({ sequence, line, keysFrom: 'lake' });
      expect(checkProof(proof, keys)).toMatchObject({ holds: true });
    }
  });

  test('is not proven when any part of the proof is changed', async () => {
    const lake = await soundLake(join(top, 'changed'));
    const keys = [parseVkey(lake.vkey)];
    const proof = await proveRecord({ lake: lake.folder, key: lake.keys[2] as string, line: 77 });
    const zeros = '0'.repeat(64);
    const { batch, seal } = proof;
    const changes: Partial<RecordProof>[] = [
      { record: proof.record.replace('DOCK', 'DECK') },
      { sequence: '1' },
      { key: lake.keys[1] as string },
      { batch: { ...batch, index: batch.index - 1 } },
      { batch: { ...batch, path: [zeros, ...batch.path.slice(1)] } },
      { batch: { ...batch, path: batch.path.slice(1) } },
      { batch: { ...batch, root: zeros } },
      { seal: { ...seal, text: seal.text.replace('"records"', '"audit"') } },
      { seal: { ...seal, index: 0 } },
      { seal: { ...seal, root: zeros } },
      { seal: { ...seal, path: [] } },
      { checkpoint: lake.checkpoint(9) },
      { checkpoint: proof.checkpoint.replace('10', '11') },
    ];
    for (const change of changes)
      expect(checkProof({ ...proof, ...change }, keys).holds, JSON.stringify(change)).toBe(false);
    expect(
      checkProof(proof, [parseVkey((await soundLake(join(top, 'other'), 'other.example/log')).vkey)]).holds,
    ).toBe(false);
  });

  test('that does not exist has no proof', async () => {
    const lake = await soundLake(join(top, 'none'));
    const prove = (key: string, line: number): Promise<RecordProof> =>
      proveRecord({ lake: lake.folder, key, line });
    await expect(prove(lake.keys[1] as string, 26)).rejects.toThrow(VerifyError);
    await expect(prove('coldchain/nothing.ndjson.zst', 1)).rejects.toThrow('no log');
  });
});
