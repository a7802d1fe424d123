// What a configuration may say about the lake: a folder or a bucket, and what belongs to a bucket.

import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../engine/config.ts';

const parse = (input: object) => parseConfig(input, 'firn.json');

test('config: a lake is a folder unless it is an address of S3', () => {
  expect(parse({ data: '/d' })).toMatchObject({ lake: '/d/lake', s3: null });
  expect(parse({ lake: 'here' })).toMatchObject({ lake: resolve('here'), s3: null });
  expect(parse({ data: '/d', lake: 's3://lake/a/' })).toMatchObject({
    ...{ data: '/d', lake: 's3://lake/a', s3: { concurrency: 8, timeout: 60 } },
  });
  const s3 = {
    endpoint: 'http://127.0.0.1:9000',
    region: 'eu-central-1',
    forcePathStyle: false,
    concurrency: 2,
  };
  expect(parse({ lake: 's3://lake', s3 }).s3).toEqual({ ...s3, timeout: 60 });
});

test('config: compliance mode wants words that name the days', () => {
  const retention = (given: object) => () => parse({ lake: 's3://lake', s3: { retention: given } });
  expect(retention({ mode: 'governance', days: 30 })().s3?.retention).toEqual({
    mode: 'governance',
    days: 30,
  });
  const words = 'nobody can delete these objects for 3650 days';
  const compliance = { mode: 'compliance', days: 3650, iUnderstand: words };
  expect(retention(compliance)().s3?.retention).toMatchObject({ mode: 'compliance', days: 3650 });
  for (const wrong of [undefined, '', 'yes', 'nobody can delete these objects for 365 days']) {
    expect(retention({ ...compliance, iUnderstand: wrong })).toThrow(
      `firn.json: s3.retention.iUnderstand: compliance mode cannot be undone: say "iUnderstand": "${words}"`,
    );
  }
  expect(retention({ mode: 'governance', days: 30, iUnderstand: words })).toThrow(/s3\.retention/);
  expect(retention({ mode: 'none', days: 30 })).toThrow(/s3\.retention\.mode/);
  expect(retention({ mode: 'governance', days: 0 })).toThrow(/s3\.retention\.days/);
});

test.each([
  [{ lake: 's3://Lake' }, /s3:\/\/Lake does not name a bucket/],
  [{ lake: join('/', 'srv'), s3: {} }, /s3: the lake \/srv is a folder/],
  [{ s3: { region: 'eu-central-1' } }, /is a folder/],
  [{ lake: 's3://lake', s3: { endpoint: 'minio:9000' } }, /s3\.endpoint: a URL/],
  [{ lake: 's3://lake', s3: { endpoint: 'http://key:secret@minio' } }, /no credentials in the URL/],
  [{ lake: 's3://lake', s3: { concurrency: 0 } }, /s3\.concurrency/],
  [{ lake: 's3://lake', s3: { accessKeyId: 'x' } }, /accessKeyId/],
])('config: %j is refused with a word', (input, words) => {
  expect(() => parse(input)).toThrow(words);
});
