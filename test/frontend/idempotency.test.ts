// Idempotency-Key: a retry is exactly-once, also across a restart.

import { afterEach, expect, test } from 'vitest';
import { ENTRY_KIND } from '../../engine/journal/entry.ts';
import { call, closeFronts, type Front, lines, post, record, startFront, until } from '../support/front.ts';

afterEach(closeFronts);

const DAY = 86_400_000;
const keyed = (front: Front, body: string, key: string, type = 'application/x-ndjson') =>
  post(front, body, { 'idempotency-key': key, 'content-type': type });

test('key: the same request again gets the first reply again and is counted as a duplicate', async () => {
  const front = await startFront();
  const body = `${lines(2)}broken\n`;
  const first = await keyed(front, body, 'k1');
  const again = await keyed(front, body, 'k1');
  expect(first.status).toBe(202);
  expect(first.headers['idempotent-replayed']).toBeUndefined();
  expect(again.status).toBe(202);
  expect(again.text).toBe(first.text);
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect(front.frontend.status()).toMatchObject({
    received: 6,
    accepted: 2,
    rejected: 1,
    duplicate: 3,
    keys: 1,
  });
  expect(front.pipeline.log).toEqual(['source', 'key', 'frame', 'duplicate']);
});

test('key: its entry lies directly before its frame in the same slab', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  front.pipeline.idle(false);
  const requests = [1, 2, 3].map((n) => keyed(front, lines(n), `k${n}`));
  await until(() => front.frontend.status().frames === 3);
  front.pipeline.auto = true;
  await Promise.all(requests);
  expect(front.pipeline.log.filter((kind) => kind !== 'source').join(' ')).toBe(
    'key frame key frame key frame',
  );
});

test('key: a key entry and its frame never lie in different slabs', async () => {
  const front = await startFront();
  for (let i = 0; i < 40; i++) await keyed(front, ' '.repeat(100_000 + i), `k${i}`);
  for (const group of front.pipeline.groups) expect(group.length).toBe(1);
  const { Fold } = await import('../../engine/journal/fold.ts');
  const { TELEMETRY_1 } = await import('../../engine/schema/telemetry.ts');
  const fold = new Fold(() => TELEMETRY_1);
  front.pipeline.recover(fold);
  expect(fold.keys.size).toBe(40);
});

test('key: the reply to a duplicate waits until the duplicate is durable', async () => {
  const front = await startFront();
  const body = lines(1);
  await keyed(front, body, 'k');
  front.pipeline.auto = false;
  let answered = false;
  const again = keyed(front, body, 'k').then((answer) => {
    answered = true;
    return answer;
  });
  await until(() => front.frontend.status().ring > 0);
  await call(front, '/healthz');
  expect(answered).toBe(false);
  front.pipeline.pump();
  expect((await again).headers['idempotent-replayed']).toBe('true');
});

test('key: another body under the same key is 422', async () => {
  const front = await startFront();
  await keyed(front, lines(1), 'k');
  expect(await keyed(front, lines(1), 'k')).toMatchObject({ status: 422, json: { code: 'key.reused' } });
  expect(front.frontend.status()).toMatchObject({ received: 1, duplicate: 0 });
});

test('key: while the first request is under way a second is 409', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  const body = lines(1);
  const first = keyed(front, body, 'k');
  await until(() => front.frontend.status().frames === 1);
  expect(await keyed(front, body, 'k')).toMatchObject({ status: 409, json: { code: 'key.pending' } });
  front.pipeline.auto = true;
  expect((await first).status).toBe(202);
  expect((await keyed(front, body, 'k')).headers['idempotent-replayed']).toBe('true');
});

test('key: of many requests at once with one key exactly one is taken', async () => {
  const front = await startFront();
  const body = lines(1);
  const answers = await Promise.all(Array.from({ length: 20 }, () => keyed(front, body, 'race')));
  const statuses = answers.map((a) => a.status);
  expect(
    answers.filter((a) => a.status === 202 && a.headers['idempotent-replayed'] === undefined).length,
  ).toBe(1);
  expect(statuses.every((status) => status === 202 || status === 409)).toBe(true);
  expect(front.frontend.status().accepted).toBe(1);
});

test('key: a 400 is replayed as a 400', async () => {
  const front = await startFront();
  const first = await keyed(front, '{"a":', 'k', 'application/json');
  const again = await keyed(front, '{"a":', 'k', 'application/json');
  expect([first.status, again.status]).toEqual([400, 400]);
  expect(again.text).toBe(first.text);
  expect(again.headers['content-type']).toBe('application/problem+json');
  expect(front.frontend.status()).toMatchObject({ rejected: 1, duplicate: 1 });
});

test('key: after a restart the reply is the same, byte for byte', async () => {
  const before = await startFront();
  const bodies = [lines(2), `${record()}\n${record({ zone_id: 'x y' })}\nbad`, 'x\n'.repeat(30)];
  const json = '[{"sensor_id":';
  const first = [];
  for (const [i, body] of bodies.entries()) first.push(await keyed(before, body, `k${i}`));
  const refused = await keyed(before, json, 'k-json', 'application/json');
  before.close();
  const after = await startFront({ before: before.pipeline });
  for (const [i, body] of bodies.entries()) {
    const again = await keyed(after, body, `k${i}`);
    expect(again.text).toBe(first[i]?.text);
    expect(again.headers['idempotent-replayed']).toBe('true');
  }
  const again = await keyed(after, json, 'k-json', 'application/json');
  expect([again.status, again.text]).toEqual([400, refused.text]);
  expect(after.frontend.status()).toMatchObject({ accepted: 0, rejected: 0, duplicate: 36 });
});

test('key: a request that found the ring full has not used its key', async () => {
  const front = await startFront();
  front.journal.isFull = true;
  const body = lines(1);
  expect((await keyed(front, body, 'k')).status).toBe(503);
  front.journal.isFull = false;
  const answer = await keyed(front, body, 'k');
  expect(answer.status).toBe(202);
  expect(answer.headers['idempotent-replayed']).toBeUndefined();
});

test('key: 255 characters are fine, 256 or none are 400', async () => {
  const front = await startFront();
  expect((await keyed(front, lines(1), 'k'.repeat(255))).status).toBe(202);
  expect(await keyed(front, lines(1), 'k'.repeat(256))).toMatchObject({
    status: 400,
    json: { code: 'key.invalid' },
  });
  expect((await keyed(front, lines(1), '')).status).toBe(400);
});

test('key: the longest key of characters that JSON escapes still fits beside the largest frame', async () => {
  const front = await startFront({ config: { limits: { maxFrameBytes: 131_072 } } });
  const answer = await keyed(front, ' '.repeat(131_072), '"\\'.repeat(127));
  expect(answer.status).toBe(202);
});

test('key: keys of two streams or two credentials are different keys', async () => {
  const front = await startFront({
    config: {
      streams: { coldchain: {}, pharma: {} },
      tokens: [
        { name: 'one', token: 'one-one-one-one-one', streams: ['coldchain', 'pharma'] },
        { name: 'two', token: 'two-two-two-two-two', streams: ['coldchain'] },
      ],
    },
  });
  const send = (stream: string, token: string) =>
    call(front, `/v1/streams/${stream}/records`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-ndjson',
        'idempotency-key': 'same',
        authorization: `Bearer ${token}`,
      },
      body: lines(1),
    });
  expect((await send('coldchain', 'one-one-one-one-one')).status).toBe(202);
  expect((await send('pharma', 'one-one-one-one-one')).status).toBe(202);
  expect((await send('coldchain', 'two-two-two-two-two')).status).toBe(202);
  expect((await send('coldchain', 'two-two-two-two-two')).status).toBe(422);
});

test('key: a key is kept for 24 hours of running time and then forgotten', async () => {
  let running = 0;
  const front = await startFront({ runningMs: () => running });
  const body = lines(1);
  await keyed(front, body, 'k');
  running = DAY - 1;
  expect((await keyed(front, body, 'k')).headers['idempotent-replayed']).toBe('true');
  running = DAY;
  await until(() => front.pipeline.log.includes('forget'));
  expect(front.pipeline.ofKind(ENTRY_KIND.forget)).toEqual([
    { principal: 'anonymous', stream: 'coldchain', key: 'k' },
  ]);
  expect((await keyed(front, body, 'k')).headers['idempotent-replayed']).toBeUndefined();
});

test('key: a full table refuses new keys with 503 and still answers the old ones', async () => {
  const front = await startFront({ config: { limits: { maxIdempotencyKeys: 2 } } });
  const body = lines(1);
  await keyed(front, body, 'a');
  await keyed(front, body, 'b');
  const refused = await keyed(front, body, 'c');
  expect(refused).toMatchObject({
    status: 503,
    headers: { 'retry-after': '60' },
    json: { code: 'key.table' },
  });
  expect((await keyed(front, body, 'a')).headers['idempotent-replayed']).toBe('true');
  expect((await post(front, body)).status).toBe(202);
});
