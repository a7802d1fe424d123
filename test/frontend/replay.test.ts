// Replay at the front end: refused records come in once more, with their first time, behind an event that says who and why.

import { afterEach, expect, test } from 'vitest';
import { frameOf } from '../../engine/frontend/replay-order.ts';
import { ENTRY_KIND } from '../../engine/journal/entry.ts';
import { Fold } from '../../engine/journal/fold.ts';
import { FRAME_MODE } from '../../engine/ring/frame.ts';
import { TELEMETRY_1 } from '../../engine/schema/telemetry.ts';
import {
  call,
  closeFronts,
  connectTo,
  type Front,
  post,
  rawSocket,
  record,
  startFront,
  until,
} from '../support/front.ts';

afterEach(closeFronts);

const ROOT = '057e'.repeat(16);
const OBJECT = `dead-letter/coldchain/year=2026/month=01/day=31/batch_${ROOT}_41.ndjson.zst`;
const TIME = '2026-01-31T10:00:00.123Z';
const HEAD = { object: OBJECT, actor: 'kim@plant7', reason: 'schema corrected' };

/** The folders of a day in a key. */
const ymd = (day: string): string => day.replace(/(\d+)-(\d+)-(\d+)/, 'year=$1/month=$2/day=$3');

const letter = (line: number, raw: string | Buffer, change: object = {}) => ({
  line,
  code: 'field.missing',
  raw_b64: Buffer.from(raw).toString('base64'),
  received_utc: TIME,
  ...change,
});

const replay = (
  front: Front,
  records: readonly object[],
  head: object = HEAD,
  headers: Record<string, string> = {},
) =>
  call(front, '/v1/streams/coldchain/replay', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', ...headers },
    body: [head, ...records].map((line) => JSON.stringify(line)).join('\n'),
  });

test('replay: event, keys and records are one group; the outcome is journaled before the answer', async () => {
  const front = await startFront();
  const answer = await replay(front, [letter(7, record()), letter(9, '{"zone_id":1}')]);
  expect(answer.status).toBe(202);
  expect(answer.json).toMatchObject({
    accepted: 1,
    rejected: 1,
    duplicate: 0,
    records: [
      { line: 7, duplicate: false, accepted: 1, rejected: 0, errors: [] },
      { line: 9, duplicate: false, accepted: 0, rejected: 1, errors: [{ record: 0, code: 'field.type' }] },
    ],
  });
  const { pipeline } = front;
  expect(pipeline.log).toEqual(['source', 'audit', 'key', 'frame', 'key', 'frame', 'audit']);
  expect(pipeline.frames.map(({ frame }) => frame)).toEqual([7, 9]);
  expect(pipeline.ofKind(ENTRY_KIND.source)).toEqual([
    {
      no: 1,
      principal: 'anonymous',
      stream: 'coldchain',
      session: `replay:${ROOT.slice(0, 32)}_41`,
      named: false,
    },
  ]);
  const [begun, done] = pipeline.ofKind(ENTRY_KIND.audit);
  const who = { actor: 'kim@plant7', authorised_by: 'anonymous', reason: 'schema corrected', target: OBJECT };
  expect(begun).toMatchObject({ action: 'dead-letter.replay', ...who });
  expect(begun.new.records).toMatchObject([
    { line: 7, received_utc: TIME },
    { line: 9, received_utc: TIME },
  ]);
  expect(done).toMatchObject({
    action: 'dead-letter.replayed',
    ...who,
    new: { accepted: [7], rejected: [{ line: 9, code: 'field.type' }] },
  });
  expect(front.frontend.status()).toMatchObject({ received: 2, accepted: 1, rejected: 1, duplicate: 0 });
});

test('replay: the frame keeps the time of its first arrival, and the latency knows nothing of it', async () => {
  const front = await startFront();
  await replay(front, [letter(1, record())]);
  const lines = front.pipeline.groups.flat().map(({ payload }) => Buffer.from(payload).toString('latin1'));
  // In the record's own line: the event beside it names the time as well.
  expect(lines.some((text) => text.includes(`"received_utc":"${TIME}","sensor_id"`))).toBe(true);
  expect(front.frontend.status().ackMs).toMatchObject({ count: 0 });
});

test('replay: a retry answers what came of the first and replays nothing, also after a restart', async () => {
  const front = await startFront();
  const records = [letter(1, record()), letter(2, 'broken', { code: 'json.syntax' })];
  const first = await replay(front, records.slice(0, 1));
  const again = await replay(front, records);
  expect(again.json).toMatchObject({ accepted: 0, rejected: 1, duplicate: 1 });
  expect(again.json.records[0]).toEqual({ ...first.json.records[0], duplicate: true });
  const next = await startFront({ before: front.pipeline });
  expect((await replay(next, records)).json).toMatchObject({ accepted: 0, rejected: 0, duplicate: 2 });
  expect(next.pipeline.log).toEqual(['duplicate']);
  // Insisting is another replay, and insisting twice the same way is not.
  const insist = { ...HEAD, again: 1 };
  expect((await replay(next, records.slice(0, 1), insist)).json).toMatchObject({ accepted: 1, duplicate: 0 });
  expect((await replay(next, records.slice(0, 1), insist)).json).toMatchObject({ accepted: 0, duplicate: 1 });
});

test('replay: while the first is under way a second is 409, and other bytes are 422', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  const first = replay(front, [letter(1, record())]);
  await until(() => front.frontend.status().frames === 1);
  expect(await replay(front, [letter(1, record())])).toMatchObject({
    status: 409,
    headers: { 'retry-after': '1' },
    json: { code: 'replay.pending' },
  });
  front.pipeline.auto = true;
  await first;
  expect(await replay(front, [letter(1, record())])).toMatchObject({
    status: 422,
    json: { code: 'replay.bytes' },
  });
  expect(front.frontend.status()).toMatchObject({ received: 1 });
});

test('replay: the answer waits until the outcome is durable', async () => {
  const front = await startFront();
  front.pipeline.auto = false;
  let answered = false;
  const request = replay(front, [letter(1, record())]).then((answer) => {
    answered = true;
    return answer;
  });
  await until(() => front.frontend.status().ring > 0);
  front.pipeline.pump();
  expect(front.pipeline.log.at(-1)).toBe('frame');
  await call(front, '/healthz');
  expect(answered).toBe(false);
  front.pipeline.auto = true;
  expect((await request).status).toBe(202);
  expect(front.pipeline.log.at(-1)).toBe('audit');
});

test('replay: without room nothing of the request is kept, and the same request goes through later', async () => {
  const front = await startFront();
  front.journal.isFull = true;
  const records = [letter(1, record())];
  expect(await replay(front, records)).toMatchObject({ status: 503, json: { code: 'engine.full' } });
  expect(front.frontend.status()).toMatchObject({ keys: 0, sessions: 0 });
  front.journal.isFull = false;
  expect((await replay(front, records)).json).toMatchObject({ accepted: 1, duplicate: 0 });
});

test('replay: a request for which there are too few places in the table gives back those that it took', async () => {
  const front = await startFront({ config: { limits: { maxIdempotencyKeys: 4 } } });
  const records = [1, 2, 3].map((line) => letter(line, record()));
  expect(await replay(front, records)).toMatchObject({ status: 503, json: { code: 'key.table' } });
  expect(front.frontend.status()).toMatchObject({ keys: 0, sessions: 0, received: 0 });
  expect((await replay(front, records.slice(0, 2))).json).toMatchObject({ accepted: 2, duplicate: 0 });
});

test('replay: it never takes the places of senders, also where there is but one credential', async () => {
  const front = await startFront({ config: { limits: { maxIdempotencyKeys: 4 } } });
  const one = (line: number) => replay(front, [letter(line, record())]);
  expect([(await one(1)).status, (await one(2)).status, (await one(3)).status]).toEqual([202, 202, 503]);
  for (const key of ['a', 'b']) {
    const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': key };
    const answer = await fetch(`http://127.0.0.1:${front.port}/v1/streams/coldchain/records`, {
      method: 'POST',
      headers,
      body: record(),
    });
    expect(answer.status).toBe(202);
  }
});

test('replay: with tokens it takes the right to', async () => {
  const tokens = [
    { name: 'sensor', token: 'sensor-secret-0001', streams: ['*'] },
    { name: 'operator', token: 'operator-secret-01', streams: ['coldchain'], replay: true },
  ];
  const front = await startFront({ config: { tokens } });
  const as = (token: string) =>
    replay(front, [letter(1, record())], HEAD, { authorization: `Bearer ${token}` });
  expect(await as('sensor-secret-0001')).toMatchObject({ status: 403, json: { code: 'access.replay' } });
  expect(await as('nobody-secret-0001')).toMatchObject({ status: 401 });
  expect((await as('operator-secret-01')).json).toMatchObject({ accepted: 1 });
  expect(front.pipeline.ofKind(ENTRY_KIND.audit)[0]).toMatchObject({
    actor: 'kim@plant7',
    authorised_by: 'operator',
  });
});

test('replay: two credentials replay a record once, and no client’s key is in the way', async () => {
  const tokens = ['one', 'two'].map((name) => ({
    name,
    token: `${name}-secret-0000001`,
    streams: ['*'],
    replay: true,
  }));
  const front = await startFront({ config: { tokens } });
  const raw = record();
  const as = (name: string) => ({ authorization: `Bearer ${name}-secret-0000001` });
  const key = { 'idempotency-key': `replay:${ROOT}_41:1` };
  expect((await post(front, raw, { ...as('one'), ...key })).status).toBe(202);
  const first = await replay(front, [letter(1, raw)], HEAD, as('one'));
  expect(first.json).toMatchObject({ accepted: 1, duplicate: 0 });
  const second = await replay(front, [letter(1, raw)], HEAD, as('two'));
  expect(second.json).toMatchObject({ accepted: 0, duplicate: 1 });
});

test('replay: what is asked is checked before anything is kept', async () => {
  const front = await startFront();
  const good = letter(1, record());
  const cases: readonly (readonly [object, readonly object[], RegExp])[] = [
    [{}, [good], /"object" of the first line/],
    [{ ...HEAD, object: OBJECT.replace('coldchain', 'other') }, [good], /"object" of the first line/],
    [{ ...HEAD, object: OBJECT.replace('dead-letter/', '') }, [good], /"object" of the first line/],
    [{ ...HEAD, actor: '' }, [good], /"actor" is 1 to 100/],
    [{ ...HEAD, reason: 'a\nb' }, [good], /"reason" is 1 to 500/],
    [{ ...HEAD, again: -1 }, [good], /"again"/],
    [HEAD, [], /Send a first line/],
    [HEAD, [good, good], /record 1 is there twice/],
    [HEAD, Array.from({ length: 65 }, (_, i) => letter(i + 1, 'x')), /at most 64 records/],
    [HEAD, [{ ...good, line: 0 }], /Line 2 of the body: "line"/],
    [HEAD, [{ ...good, raw_b64: '*' }], /"raw_b64"/],
    [HEAD, [{ ...good, received_utc: '2026-01-30T10:00:00.123Z' }], /"received_utc" is a time on 2026-01-31/],
    [HEAD, [{ ...good, received_utc: '2026-01-31' }], /"received_utc"/],
    // Times that a dead letter cannot have: before 1970 they stopped a worker, and then the seal stage at every start.
    ...['1969-12-31', '0000-01-01', '2026-02-30'].map((day) => {
      const object = OBJECT.replace('year=2026/month=01/day=31', ymd(day));
      const received_utc = `${day}T10:00:00.123Z`;
      return [{ ...HEAD, object }, [{ ...good, received_utc }], /"received_utc" is a time on/] as const;
    }),
  ];
  for (const [head, records, words] of cases) {
    const { status, json } = await replay(front, records, head);
    expect([status, json.code, json.detail]).toEqual([400, 'replay.order', expect.stringMatching(words)]);
  }
  const large = letter(1, 'x'.repeat(front.config.limits.maxFrameBytes + 1));
  expect(await replay(front, [large])).toMatchObject({
    status: 413,
    json: { code: 'replay.record-too-large' },
  });
  expect(front.frontend.status()).toMatchObject({ received: 0, keys: 0, sessions: 0 });
});

test('replay: an empty body whose head comes in two pieces is answered', async () => {
  const front = await startFront();
  const { socket, received } = rawSocket(front);
  socket.write('POST /v1/streams/coldchain/replay HTTP/1.1\r\nHost: localhost\r\n');
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.write('Content-Type: application/json\r\nContent-Length: 0\r\n\r\n');
  await until(() => received().includes('Send a first line'));
  expect(received()).toMatch(/^HTTP\/1\.1 400 /);
});

test('replay: a frame of the largest size fits with everything round it', async () => {
  const front = await startFront();
  const words = 'ä'.repeat(500);
  const head = { ...HEAD, actor: words.slice(0, 100), reason: words };
  const raw = 'x'.repeat(front.config.limits.maxFrameBytes);
  expect((await replay(front, [letter(1, raw, { code: 'json.syntax' })], head)).json).toMatchObject({
    rejected: 1,
  });
});

test('replay: the link is the engine’s own: no client may take a session of such a name', async () => {
  const front = await startFront();
  const client = connectTo(front, `?session=replay:${ROOT.slice(0, 32)}_41`);
  expect(await client.refused).toMatchObject({ status: 400 });
});

test('replay: its sessions and keys are in the fold as after any frame', async () => {
  const front = await startFront();
  await replay(front, [letter(1, record()), letter(3, record())]);
  const fold = new Fold(() => TELEMETRY_1);
  front.pipeline.recover(fold);
  expect([...fold.keys.values()].map(({ key }) => key)).toEqual([
    `replay:${ROOT}_41:1`,
    `replay:${ROOT}_41:3`,
  ]);
  expect(fold.acct).toMatchObject({ received: 2, accepted: 2 });
  expect(fold.sessions.size).toBe(1);
});

test.each([
  ['field.type', '{"a":1}', FRAME_MODE.lines, '{"a":1}'],
  ['field.type', '{"a":\n1}', FRAME_MODE.json, '{"a":\n1}'],
  ['record.not-object', '[1,2]', FRAME_MODE.lines, '[1,2]'],
  ['record.not-object', '[1,\n2]', FRAME_MODE.json, '[[1,\n2]]'],
  ['json.syntax', '{"a"', FRAME_MODE.lines, '{"a"'],
  ['json.syntax', '[{"a"\n', FRAME_MODE.json, '[{"a"\n'],
  ['frame.records', '[{},{}]', FRAME_MODE.json, '[{},{}]'],
  ['frame.records', '{}\n{}', FRAME_MODE.lines, '{}\n{}'],
  ['codec.crash', '{}\n{}', FRAME_MODE.lines, '{}\n{}'],
  ['codec.crash', '{\n}', FRAME_MODE.json, '{\n}'],
  ['schema.unknown', '{}\n{}', FRAME_MODE.lines, '{}\n{}'],
])('replay: %s of %j is again what it was', (code, raw, mode, bytes) => {
  const frame = frameOf(code, Buffer.from(raw));
  expect([frame.mode, Buffer.from(frame.bytes).toString()]).toEqual([mode, bytes]);
});
