// The client for S3 against a small S3 in this process: what is sent, how answers are judged, and every kind of failure
// that the wire knows.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { S3Settings } from '../../engine/s3/client.ts';
import { S3Error } from '../../engine/s3/errors.ts';
import { openStore, type S3Store } from '../../engine/s3/store.ts';
import { ACCESS_KEY, S3_ENV, type S3Server, SECRET_KEY, startS3 } from '../support/s3-server.ts';

let s3: S3Server;
let slept: number[];
const stores: S3Store[] = [];

const md5 = (body: Uint8Array): string => createHash('md5').update(body).digest('base64');
const sha256 = (body: Uint8Array): string => createHash('sha256').update(body).digest('base64');

beforeEach(async () => {
  for (const [name, value] of Object.entries(S3_ENV)) vi.stubEnv(name, value);
  s3 = await startS3();
  s3.createBucket('lake');
  slept = [];
});

afterEach(async () => {
  for (const store of stores.splice(0)) store.close();
  await s3.close();
  vi.unstubAllEnvs();
});

/** A store that does not sleep, whose jitter is always half of its bound, and whose clock is the test's. */
async function open(settings: S3Settings = {}, nowMs = (): number => 0, prefix = 'a/b/'): Promise<S3Store> {
  const time = {
    wallMs: Date.now,
    nowMs,
    random: () => 0.5,
    sleep: async (ms: number) => {
      slept.push(ms);
    },
  };
  const store = await openStore({ bucket: 'lake', prefix }, { endpoint: s3.url, ...settings }, time);
  stores.push(store);
  return store;
}

const failure = (call: Promise<unknown>): Promise<S3Error> =>
  call.then(
    () => {
      throw new Error('it should have failed');
    },
    (error) => {
      expect(error).toBeInstanceOf(S3Error);
      return error as S3Error;
    },
  );

test('s3 store: a put sends the headers of FORMAT.md and no other checksum, in one piece', async () => {
  const store = await open();
  const body = Buffer.alloc(3 << 20, 7);
  const untilMs = Date.now() + 60_000;
  s3.createBucket('lake', { objectLock: true });
  const done = await store.put('x/batch_1.ndjson.zst', body, {
    ...{ contentType: 'application/zstd', metadata: { firn: '1', 'firn-seal': 'e30' } },
    ...{ md5: md5(body), sha256: sha256(body), onlyIf: 'none' },
    lock: { mode: 'compliance', untilMs },
  });
  expect(done?.versionId).toMatch(/^[0-9a-f]{24}$/);
  const { headers, key } = s3.requests[0] as (typeof s3.requests)[0];
  expect(key).toBe('a/b/x/batch_1.ndjson.zst');
  expect(headers).toMatchObject({
    'if-none-match': '*',
    'content-md5': md5(body),
    'x-amz-checksum-sha256': sha256(body),
    'content-type': 'application/zstd',
    'content-length': String(body.length),
    'x-amz-meta-firn': '1',
    'x-amz-meta-firn-seal': 'e30',
    'x-amz-object-lock-mode': 'COMPLIANCE',
    'x-amz-object-lock-retain-until-date': new Date(untilMs).toISOString(),
  });
  const checksums = Object.keys(headers).filter((name) => /checksum|expect|trailer|chunked/.test(name));
  expect(checksums).toEqual(['x-amz-checksum-sha256']);
  const info = await store.head('x/batch_1.ndjson.zst');
  expect(info).toMatchObject({
    ...{ bytes: body.length, sha256: sha256(body), metadata: { firn: '1', 'firn-seal': 'e30' } },
    ...{ lock: { mode: 'compliance', untilMs }, versionId: done?.versionId },
  });
});

test('s3 store: conditions: a name that is taken, another ETag, nothing to replace', async () => {
  const store = await open();
  const put = (text: string, onlyIf: 'none' | { etag: string }) =>
    store.put('k', Buffer.from(text), { contentType: 'text/plain', onlyIf });
  expect(await put('one', { etag: '"x"' })).toBeNull();
  const first = await put('one', 'none');
  expect(first).not.toBeNull();
  expect(await put('two', 'none')).toBeNull();
  expect(await put('two', { etag: '"x"' })).toBeNull();
  expect(await put('two', { etag: first?.etag as string })).not.toBeNull();
  expect(Buffer.from((await store.get('k'))?.bytes ?? []).toString()).toBe('two');
});

test('s3 store: what is not there is null; a bucket that is not there is an outage that says so', async () => {
  const store = await open();
  expect(await store.get('k')).toBeNull();
  expect(await store.head('k')).toBeNull();
  await store.remove('k');
  s3.buckets.clear();
  const error = await failure(store.get('k'));
  expect(error).toMatchObject({ judgement: 'outage', code: 'NoSuchBucket', transient: false });
  expect(error.message).toContain('GET s3://lake/a/b/k: there is no such bucket');
  expect(slept).toEqual([]);
});

test("s3 store: a proxy's page of status 404 is no proof that there is no object", async () => {
  const store = await open();
  s3.faults.add({ kind: 'status', status: 404, body: '<html>no such site</html>' });
  expect((await failure(store.get('k'))).judgement).toBe('outage');
});

test.each([
  ['InvalidAccessKeyId', 403, false],
  ['SignatureDoesNotMatch', 403, false],
  ['AccessDenied', 403, false],
  ['InvalidToken', 400, false],
  ['ExpiredToken', 400, true],
  ['RequestTimeTooSkewed', 403, true],
  ['NoSuchBucket', 404, false],
  ['PermanentRedirect', 301, false],
  ['AuthorizationHeaderMalformed', 400, false],
  ['RequestTimeout', 400, true],
  ['SlowDown', 503, true],
  ['InternalError', 500, true],
  ['ServiceUnavailable', 503, true],
  ['ConditionalRequestConflict', 409, true],
  ['OperationAborted', 409, true],
  ['QuotaExceeded', 403, false],
  ['TooManyRequests', 429, true],
  ['XMinioStorageFull', 507, true],
])('s3 store: %s (%i) is an outage', async (code, status, transient) => {
  const store = await open();
  s3.faults.add({ kind: 'status', status, code, times: Number.POSITIVE_INFINITY });
  const error = await failure(store.put('k', Buffer.from('x'), { contentType: 'text/plain' }));
  expect(error).toMatchObject({ judgement: 'outage', code, transient });
  expect(s3.requests).toHaveLength(transient ? 4 : 1);
  // Half of 200, 400 and 800 ms.
  expect(slept).toEqual(transient ? [100, 200, 400] : []);
});

test.each([
  ['EntityTooLarge', 400],
  ['InvalidArgument', 400],
  ['MetadataTooLarge', 400],
  ['KeyTooLongError', 400],
])('s3 store: %s (%i) is a fault of that one object', async (code, status) => {
  const store = await open();
  s3.faults.add({ kind: 'status', status, code });
  const error = await failure(store.put('k', Buffer.from('x'), { contentType: 'text/plain' }));
  expect(error).toMatchObject({ judgement: 'fault', code });
  // A fault of one object leaves the breaker closed.
  expect(await store.put('k', Buffer.from('x'), { contentType: 'text/plain' })).not.toBeNull();
});

test('s3 store: a wrong checksum is refused by the server, by either header', async () => {
  const store = await open();
  const body = Buffer.from('x');
  for (const wrong of [{ md5: md5(Buffer.from('y')) }, { sha256: sha256(Buffer.from('y')) }]) {
    const error = await failure(store.put('k', body, { contentType: 'text/plain', ...wrong }));
    expect(error).toMatchObject({ judgement: 'fault', code: 'BadDigest' });
  }
  expect(await store.get('k')).toBeNull();
});

test.each([['cut'], ['lost']] as const)('s3 store: a connection that is %s: again', async (kind) => {
  const store = await open();
  s3.faults.add({ kind, method: 'PUT' });
  const done = await store.put('k', Buffer.from('x'), { contentType: 'text/plain', onlyIf: 'none' });
  // After a lost answer the name is taken, by ourselves: the sink finds out.
  if (kind === 'cut') expect(done).not.toBeNull();
  else expect(done).toBeNull();
  expect((await store.get('k'))?.bytes).toEqual(new Uint8Array(Buffer.from('x')));
});

test('s3 store: a body that is cut short, or does not fit its checksum, is read again', async () => {
  const store = await open();
  const body = Buffer.from('0123456789');
  await store.put('k', body, { contentType: 'text/plain', sha256: sha256(body) });
  s3.faults.add({ kind: 'torn', method: 'GET' }, { kind: 'wrong', method: 'GET' });
  expect(Buffer.from((await store.get('k', { checked: true }))?.bytes ?? []).toString()).toBe('0123456789');
  expect(s3.count('GET')).toBe(3);
});

test('s3 store: a body that stalls is given up in time, one that comes slowly is not', async () => {
  const store = await open({ timeout: 0.5 });
  await store.put('k', Buffer.from('0123456789'), { contentType: 'text/plain' });
  s3.faults.add({ kind: 'trickle', method: 'GET', pieces: 5, everyMs: 10 });
  expect((await store.get('k'))?.bytes).toHaveLength(10);
  s3.faults.add({ kind: 'stall', method: 'GET' });
  expect((await store.get('k'))?.bytes).toHaveLength(10);
  s3.faults.add({ kind: 'stall', method: 'GET', times: 4 });
  expect(await failure(store.get('k'))).toMatchObject({ judgement: 'outage', code: 'TimeoutError' });
});

test('s3 store: Retry-After is waited for; one that is too long is left to the caller', async () => {
  const store = await open();
  const slowDown = (seconds: string) => ({
    status: 503,
    code: 'SlowDown',
    headers: { 'retry-after': seconds },
  });
  s3.faults.add({ kind: 'status', ...slowDown('7') });
  await store.put('k', Buffer.from('x'), { contentType: 'text/plain' });
  expect(slept).toEqual([7000]);
  s3.faults.add({ kind: 'status', ...slowDown('120') });
  expect(await failure(store.get('k'))).toMatchObject({ code: 'SlowDown', retryAfterMs: 120_000 });
  expect(slept).toEqual([7000]);
  const date = new Date(Date.now() + 3_600_000).toUTCString();
  const other = await open();
  s3.faults.add({ kind: 'status', ...slowDown(date) });
  const { retryAfterMs } = await failure(other.get('k'));
  expect(Math.abs(retryAfterMs - 3_600_000)).toBeLessThan(10_000);
});

test("s3 store: a clock that is an hour off is corrected from the server's answer", async () => {
  const store = await open();
  s3.skewMs = 3_600_000;
  expect(await store.put('k', Buffer.from('x'), { contentType: 'text/plain' })).not.toBeNull();
  expect(s3.requests.map(({ status }) => status)).toEqual([403, 200]);
});

test('s3 store: a server that is down is an outage; the breaker then answers for it, and one call tries', async () => {
  let now = 0;
  const store = await open({}, () => now);
  await store.get('k');
  await s3.down();
  expect(await failure(store.get('k'))).toMatchObject({ code: 'ECONNREFUSED', transient: true });
  await s3.up();
  const asked = s3.requests.length;
  // Open for half of its first bound, one second.
  const open1 = await failure(store.get('k'));
  expect(open1).toMatchObject({ code: 'ECONNREFUSED', retryAfterMs: 500 });
  expect(s3.requests).toHaveLength(asked);
  now = 500;
  s3.faults.add({ kind: 'status', status: 403, code: 'AccessDenied' });
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => store.get('k')));
  expect(results.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'rejected'));
  expect(s3.requests).toHaveLength(asked + 1);
  now = 1500;
  expect(await Promise.all(Array.from({ length: 5 }, () => store.get('k')))).toEqual([
    null,
    null,
    null,
    null,
    null,
  ]);
});

test('s3 store: no more requests at once than configured, and all of them are done', async () => {
  const store = await open({ concurrency: 3 });
  const bodies = Array.from({ length: 30 }, (_, i) => Buffer.from(`body ${i}`));
  await Promise.all(bodies.map((body, i) => store.put(`k${i}`, body, { contentType: 'text/plain' })));
  s3.faults.add({ kind: 'trickle', method: 'GET', pieces: 3, everyMs: 5, times: 30 });
  const read = await Promise.all(bodies.map((_, i) => store.get(`k${i}`)));
  expect(read.map((found) => Buffer.from(found?.bytes ?? []))).toEqual(bodies);
  expect(s3.mostUnderWay).toBe(3);
});

test('s3 store: listings go over their pages, versions and delete markers included', async () => {
  const store = await open();
  const bucket = s3.createBucket('lake', { versioning: true });
  const object = { contentType: 'text/plain', metadata: {}, sha256: null, lock: null };
  const names = Array.from({ length: 1005 }, (_, i) => `k${String(i).padStart(4, '0')}`);
  for (const name of names) bucket.put(`a/b/${name}`, { ...object, body: Buffer.from(name) }, new Date());
  bucket.put('elsewhere', { ...object, body: Buffer.from('x') }, new Date());
  bucket.put('a/b/k0000', { ...object, body: Buffer.from('again') }, new Date());
  await store.remove('k0001');
  const listed: string[] = [];
  for await (const { key } of store.list()) listed.push(key);
  expect(listed).toEqual(names.filter((name) => name !== 'k0001'));
  const versions: string[] = [];
  for await (const { key, latest, marker, bytes } of store.versions('k000'))
    if (/k000[01]/.test(key)) versions.push(`${key} ${latest} ${marker} ${bytes}`);
  expect(versions.sort()).toEqual([
    'k0000 false false 5',
    'k0000 true false 5',
    'k0001 false false 5',
    'k0001 true true 0',
  ]);
  let count = 0;
  for await (const _ of store.versions()) count += 1;
  expect(count).toBe(1007);
});

test('s3 store: a message never holds a credential, whatever the server says', async () => {
  const store = await open();
  const body = `<Error><Code>Strange</Code><Message>key ${ACCESS_KEY} with ${SECRET_KEY}</Message></Error>`;
  s3.faults.add({ kind: 'status', status: 400, body, headers: { 'content-type': 'application/xml' } });
  const { message } = await failure(store.get('k'));
  expect(message).toBe('GET s3://lake/a/b/k: key [credential] with [credential] (Strange, HTTP 400)');
});

test('s3 store: no credentials and no region are said in words', async () => {
  for (const name of Object.keys(S3_ENV)) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_CONFIG_FILE', '/nowhere');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere');
  const store = await open();
  expect(await failure(store.get('k'))).toMatchObject({
    code: 'CredentialsProviderError',
    message: expect.stringContaining('there are no credentials'),
  });
  await expect(openStore({ bucket: 'lake', prefix: '' }, {})).rejects.toThrow(/no region is known/);
});

test('s3 store: an endpoint of the environment that is none is a fault of the configuration, told by its name', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL', 'minio:9000');
  const address = { bucket: 'lake', prefix: '' };
  await expect(openStore(address, {})).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(/^AWS_ENDPOINT_URL: a URL such as/),
  });
  vi.stubEnv('AWS_ENDPOINT_URL_S3', 'http://me:password@127.0.0.1');
  await expect(openStore(address, {})).rejects.toThrow(/^AWS_ENDPOINT_URL_S3: no credentials in the URL/);
  await expect(openStore(address, { endpoint: 'http://me:password@127.0.0.1' })).rejects.toThrow(
    /^the endpoint: no credentials/,
  );
});

test('s3 store: credentials that never come are an outage in time, not a wait without end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'firn-s3-'));
  const config = join(folder, 'config');
  writeFileSync(
    config,
    `[profile slow]\ncredential_process = ${process.execPath} -e "setTimeout(() => {}, 8000)"\n`,
  );
  for (const name of Object.keys(S3_ENV)) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_CONFIG_FILE', config);
  vi.stubEnv('AWS_PROFILE', 'slow');
  try {
    const address = { bucket: 'lake', prefix: '' };
    const store = await openStore(address, { endpoint: s3.url, region: 'us-east-1', timeout: 0.3 });
    const beganMs = performance.now();
    expect(await failure(store.get('k'))).toMatchObject({ code: 'TimeoutError', judgement: 'outage' });
    expect(performance.now() - beganMs).toBeLessThan(7_000);
    store.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
