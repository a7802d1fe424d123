// Seals: exactly one encoding, exactly the members of the format, small enough for an object's metadata.

import { describe, expect, test } from 'vitest';
import {
  decodeSeal,
  encodeSeal,
  type HeartbeatSeal,
  metadataBytes,
  NO_PREV,
  type ObjectSeal,
  SealError,
} from '../../engine/batch/seal.ts';

const ROOT = '05'.repeat(32);

const SEAL: ObjectSeal = {
  acct: { accepted: '43', duplicate: '0', received: '44', rejected: '1' },
  clock: { bound_ms: 12, offset_ms: -3, source: 'chrony' },
  count: 3,
  engine: 'cold.example/plant7-a',
  excursions: 1,
  first_seq: '41',
  format: 'firn.batch/1',
  key: `coldchain/year=2026/month=01/day=31/batch_${ROOT}_41.ndjson.zst`,
  kind: 'records',
  last_seq: '43',
  ndjson_bytes: 871,
  ndjson_sha256: '5c'.repeat(32),
  prev: '9b'.repeat(32),
  root: ROOT,
  schema: 'telemetry/1',
  schema_sha256: 'df'.repeat(32),
  sealed_utc: '2026-02-01T00:00:02.000Z',
  ts_max: '2026-01-31T23:59:58.000Z',
  ts_min: '2026-01-31T23:59:56.5+00:00',
  zstd_bytes: 361,
  zstd_sha256: 'c9'.repeat(32),
};

const HEARTBEAT: HeartbeatSeal = {
  acct: SEAL.acct,
  clock: { bound_ms: null, offset_ms: null, source: 'system' },
  count: 0,
  engine: SEAL.engine,
  format: 'firn.batch/1',
  kind: 'heartbeat',
  prev: NO_PREV,
  sealed_utc: SEAL.sealed_utc,
};

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** As JSON with sorted members: canonical for these values, without the code under test. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}

describe('seal', () => {
  test('seal: an object seal has the bytes of FORMAT.md §4', () => {
    expect(text(encodeSeal(SEAL))).toBe(
      `{"acct":{"accepted":"43","duplicate":"0","received":"44","rejected":"1"},"clock":{"bound_ms":12,"offset_ms":-3,"source":"chrony"},"count":3,"engine":"cold.example/plant7-a","excursions":1,"first_seq":"41","format":"firn.batch/1","key":"${SEAL.key}","kind":"records","last_seq":"43","ndjson_bytes":871,"ndjson_sha256":"${SEAL.ndjson_sha256}","prev":"${SEAL.prev}","root":"${ROOT}","schema":"telemetry/1","schema_sha256":"${SEAL.schema_sha256}","sealed_utc":"2026-02-01T00:00:02.000Z","ts_max":"2026-01-31T23:59:58.000Z","ts_min":"2026-01-31T23:59:56.5+00:00","zstd_bytes":361,"zstd_sha256":"${SEAL.zstd_sha256}"}`,
    );
  });

  test('seal: a heartbeat has its eight members only', () => {
    expect(text(encodeSeal(HEARTBEAT))).toBe(
      `{"acct":{"accepted":"43","duplicate":"0","received":"44","rejected":"1"},"clock":{"bound_ms":null,"offset_ms":null,"source":"system"},"count":0,"engine":"cold.example/plant7-a","format":"firn.batch/1","kind":"heartbeat","prev":"${NO_PREV}","sealed_utc":"2026-02-01T00:00:02.000Z"}`,
    );
    expect(() => decodeSeal(bytes(sorted({ ...HEARTBEAT, key: SEAL.key })))).toThrow(SealError);
  });

  test('seal: reading gives back what was written', () => {
    expect(decodeSeal(encodeSeal(SEAL))).toEqual(SEAL);
    expect(decodeSeal(encodeSeal(HEARTBEAT))).toEqual(HEARTBEAT);
  });

  test('seal: the largest seal that names and counters allow fits the metadata of an object', () => {
    const digits = '9'.repeat(19);
    const stream = 's'.repeat(63);
    const counter = '1000000000000000000';
    const largest: ObjectSeal = {
      ...SEAL,
      acct: { accepted: counter, duplicate: counter, received: '3000000000000000000', rejected: counter },
      clock: { bound_ms: -123456.789, offset_ms: -123456.789, source: 'chrony' },
      count: 1_000_000,
      engine: 'e'.repeat(200),
      excursions: 1_000_000,
      first_seq: String(BigInt(digits) - 999_999n),
      key: `dead-letter/${stream}/year=2026/month=01/day=31/batch_${ROOT}_${BigInt(digits) - 999_999n}.ndjson.zst`,
      kind: 'dead-letter',
      last_seq: digits,
      ndjson_bytes: 2 ** 26,
      schema: `${'n'.repeat(63)}/999999`,
      ts_max: '2026-01-31T23:59:58.123456789+00:00',
      ts_min: '2026-01-31T23:59:58.123456789+00:00',
      zstd_bytes: 2 ** 26,
    };
    const encoded = encodeSeal(largest);
    expect(metadataBytes(encoded.length)).toBeLessThanOrEqual(2048);
    expect(decodeSeal(encoded)).toEqual(largest);
  });

  test('seal: a member that is missing, added or of another type is refused by name', () => {
    for (const name of Object.keys(SEAL)) {
      const { [name as keyof ObjectSeal]: _, ...without } = SEAL;
      expect(() => decodeSeal(bytes(without)), name).toThrow(SealError);
      expect(() => decodeSeal(bytes({ ...SEAL, [name]: [] })), name).toThrow(
        new RegExp(name === 'kind' ? 'wrong' : name),
      );
    }
    expect(() => decodeSeal(bytes(sorted({ ...SEAL, zzz: 1 })))).toThrow(/zzz/);
    expect(() => decodeSeal(bytes(sorted({ ...SEAL, acct: { ...SEAL.acct, lost: '0' } })))).toThrow(/acct/);
    expect(() => decodeSeal(bytes(sorted({ ...SEAL, first_seq: '041' })))).toThrow(/first_seq/);
    expect(() =>
      decodeSeal(bytes(sorted({ ...SEAL, root: ROOT.toUpperCase().replaceAll('0', 'A') }))),
    ).toThrow(/root/);
    expect(() => decodeSeal(bytes(sorted({ ...SEAL, count: -1 })))).toThrow(/count/);
  });

  test('seal: any other spelling of the same value is refused', () => {
    const canonical = text(encodeSeal(SEAL));
    for (const other of [
      ` ${canonical}`,
      `${canonical}\n`,
      `\ufeff${canonical}`,
      canonical.replace('"count":3', '"count":3.0'),
      canonical.replace('"count":3', '"count":3,"count":3'),
      canonical.replace('"kind"', '"\\u006bind"'),
      JSON.stringify(Object.fromEntries(Object.entries(SEAL).reverse())),
    ]) {
      expect(() => decodeSeal(Buffer.from(other)), other.slice(0, 40)).toThrow(SealError);
    }
    expect(() => decodeSeal(Buffer.from([0x7b, 0xff, 0x7d]))).toThrow(SealError);
    expect(() => decodeSeal(Buffer.from('null'))).toThrow(SealError);
  });

  test('seal: writing asserts that the members agree with each other', () => {
    expect(() => encodeSeal({ ...SEAL, acct: { ...SEAL.acct, received: '45' } })).toThrow(
      /received = accepted/,
    );
    expect(() => encodeSeal({ ...SEAL, last_seq: '44' })).toThrow(/sequence numbers/);
    expect(() => encodeSeal({ ...SEAL, kind: 'audit' })).toThrow(/kind/);
    expect(() => encodeSeal({ ...SEAL, root: '06'.repeat(32) })).toThrow(/root/);
    expect(() => encodeSeal({ ...SEAL, engine: 'e'.repeat(1200) })).toThrow(/metadata/);
    expect(() => encodeSeal({ ...SEAL, count: Number.NaN })).toThrow(/count/);
  });
});
