// The capture interface from outside, over real sockets: what EPCIS 2.0 asks for, and what firn adds.

import { execFile, spawnSync } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { spoolDisk } from '../../engine/capture/spool-disk.ts';
import type { Finding } from '../../engine/epcis/model.ts';
import {
  capture,
  closeCaptureFronts,
  DOCUMENT,
  startCaptureFront,
  temporaryFolder,
} from '../support/capture-front.ts';
import { type Answer, call, rawSocket, until } from '../support/front.ts';

afterEach(closeCaptureFronts);

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** What xmllint says of a text; '' = nothing. */
function xmllint(text: string, ...options: string[]): string {
  const { status, stderr, error } = spawnSync('xmllint', ['--noout', '--nonet', ...options, '-'], {
    input: text,
  });
  if (error !== undefined) throw new Error(`xmllint (Debian: libxml2-utils) is needed: ${error.message}`);
  return status === 0 ? '' : String(stderr);
}

const wellFormed = (text: string): string => xmllint(text);

const XSD = fileURLToPath(
  new URL('../../../shared/epcis/schemas/gs1/XSD/EPCglobal-epcis-2_0.xsd', import.meta.url),
);

/** By the schema of EPCIS 2.0, where it is there. */
const validXml = (text: string): string => (existsSync(XSD) ? xmllint(text, '--schema', XSD) : '');

const LOCATION = /^\/epcis\/capture\/([0-9a-f-]{36})$/;

test('capture: a document is answered 202 with the job, and lies in the spool with its digest', async () => {
  const front = await startCaptureFront();
  const answer = await capture(front);
  expect(answer.status).toBe(202);
  expect(answer.text).toBe('');
  expect(answer.headers).toMatchObject({
    'gs1-epcis-version': '2.0.0',
    'gs1-cbv-version': '2.0.0',
    'gs1-extensions': expect.stringContaining('='),
    location: expect.stringMatching(LOCATION),
  });
  const id = LOCATION.exec(answer.headers.location ?? '')?.[1];
  expect(front.files()).toEqual([`${id}.raw`]);
  expect(front.service.submitted).toEqual([
    {
      body: {
        id,
        bytes: Buffer.byteLength(DOCUMENT),
        sha256: createHash('sha256').update(DOCUMENT).digest('hex'),
      },
      request: {
        principal: 'anonymous',
        gln: null,
        mediaType: 'application/json',
        behaviour: 'rollback',
        single: false,
      },
      text: DOCUMENT,
    },
  ]);
  const job = await call(front, answer.headers.location ?? '');
  expect(job.status).toBe(200);
  expect(job.headers['content-type']).toBe('application/json');
  expect(job.json).toMatchObject({ captureID: id, running: false, success: true, errors: [] });
});

test('capture: XML and JSON types with parameters are taken, everything else is 415', async () => {
  const front = await startCaptureFront();
  const status = async (type: string) => (await capture(front, `x${type}`, { 'content-type': type })).status;
  expect(await status('text/xml; charset=iso-8859-1')).toBe(202);
  expect(await status('Application/XML')).toBe(202);
  expect(await status('application/ld+json; charset=UTF-8; profile="x"')).toBe(202);
  expect(await status('application/json; charset=latin1')).toBe(415);
  expect(await status('text/plain')).toBe(415);
  expect(front.service.submitted.map(({ request }) => request.mediaType)).toEqual([
    'text/xml',
    'application/xml',
    'application/ld+json',
  ]);
  const gzip = await capture(front, DOCUMENT, { 'content-encoding': 'gzip' });
  expect(gzip).toMatchObject({
    status: 415,
    json: { type: 'epcisException:UnsupportedMediaTypeException', status: 415, title: expect.any(String) },
  });
});

test('capture: behaviour and versions are checked before the body', async () => {
  const front = await startCaptureFront();
  const send = (headers: Record<string, string>) => capture(front, DOCUMENT, headers);
  expect((await send({ 'gs1-capture-error-behaviour': 'proceed' })).status).toBe(202);
  expect(front.service.submitted[0]?.request.behaviour).toBe('proceed');
  expect(await send({ 'gs1-capture-error-behaviour': 'all' })).toMatchObject({
    status: 400,
    json: { type: 'epcisException:ValidationException' },
  });
  for (const version of ['1.2', '2.0', '2.0.0', '2.0.1', '1.0.0'])
    expect((await send({ 'gs1-epcis-version': version })).status).toBe(202);
  for (const version of ['3.0', '2.1.0', '0.9'])
    expect(await send({ 'gs1-epcis-version': version })).toMatchObject({
      status: 406,
      json: { type: 'epcisException:NotAcceptableException', status: 406 },
    });
  expect((await send({ 'gs1-cbv-version': '3.0.0' })).status).toBe(406);
  expect((await send({ 'gs1-epcis-version': 'newest' })).status).toBe(400);
  expect((await call(front, '/epcis/capture', { headers: { 'gs1-epcis-min': '2.1' } })).status).toBe(406);
  expect(
    (await call(front, '/epcis/capture', { headers: { 'gs1-epcis-min': '1.2', 'gs1-epcis-max': '3' } }))
      .status,
  ).toBe(200);
});

test('capture: errors follow Accept, and what nobody can tell is 406', async () => {
  const front = await startCaptureFront();
  const xml = await capture(front, '{}', { 'content-type': 'text/plain', accept: 'application/xml' });
  expect(xml.status).toBe(415);
  expect(xml.headers['content-type']).toBe('application/problem+xml');
  expect(wellFormed(xml.text)).toBe('');
  expect(xml.text).toContain('<epcis:EPCISException xmlns:epcis="urn:epcglobal:epcis:xsd:2"');
  expect(xml.text).toContain('<type>epcisException:UnsupportedMediaTypeException</type>');
  const none = await capture(front, '{}', { accept: 'text/html' });
  expect(none.status).toBe(406);
  expect(none.headers['content-type']).toBe('application/problem+json');
  const list = await call(front, '/epcis/capture', { headers: { accept: 'text/xml' } });
  expect(list.status).toBe(406);
  expect(list.headers['content-type']).toBe('application/problem+xml');
});

test('capture: a refused document tells every finding with code, severity, event and pointer', async () => {
  const front = await startCaptureFront();
  const findings: Finding[] = [
    { code: 'L15_STALE', severity: 'warn', event: 2, pointer: '/a', detail: 'old' },
    {
      code: 'D08_CREATION_DATE',
      severity: 'reject',
      event: null,
      pointer: '/creationDate',
      detail: 'there is <none> & "none"',
    },
  ];
  front.service.judge = () => findings;
  const json = await capture(front);
  expect(json.status).toBe(400);
  expect(json.json).toMatchObject({
    type: 'epcisException:ValidationException',
    status: 400,
    instance: expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/),
    code: 'D08_CREATION_DATE',
    severity: 'reject',
    eventIndex: null,
    pointer: '/creationDate',
    errors: [
      { code: 'D08_CREATION_DATE', eventIndex: null },
      { code: 'L15_STALE', severity: 'warn', eventIndex: 2, pointer: '/a', detail: 'old' },
    ],
  });
  const xml = await capture(front, `${DOCUMENT} `, { accept: 'application/problem+xml' });
  expect(xml.status).toBe(400);
  expect(wellFormed(xml.text)).toBe('');
  expect(xml.text).toContain('there is &lt;none&gt; &amp; &quot;none&quot;');
  front.service.judge = () => [
    { code: 'L11_GLN_PARTNER_MISMATCH', severity: 'reject', event: null, pointer: '', detail: 'x' },
  ];
  expect(await capture(front, 'b')).toMatchObject({
    status: 403,
    json: { type: 'epcisException:SecurityException' },
  });
  front.service.judge = () => [
    { code: 'D03_EVENT_LIMIT', severity: 'reject', event: null, pointer: '', detail: 'x' },
  ];
  const many = await capture(front, 'c');
  expect(many).toMatchObject({ status: 413, json: { type: 'epcisException:CaptureLimitExceededException' } });
  expect(many.headers).toMatchObject({
    'gs1-epcis-capture-limit': '500',
    'gs1-epcis-capture-file-size-limit': String(8 * 1024 * 1024),
  });
});

test('capture: the same bytes of the same credential are told the same job', async () => {
  const front = await startCaptureFront();
  const first = await capture(front);
  const again = await capture(front);
  expect(again.status).toBe(202);
  expect(again.headers.location).toBe(first.headers.location);
  expect(first.headers['firn-replay']).toBeUndefined();
  expect(again.headers['firn-replay']).toBe('true');
  expect(front.files()).toHaveLength(1);
});

test('capture: a body over the limit is 413 at once, announced or not, and nothing of it stays', async () => {
  const front = await startCaptureFront({ spool: { maxBytes: 100_000 } });
  const announced = await capture(front, Buffer.alloc(100_001));
  expect(announced).toMatchObject({ status: 413, json: { code: 'D02_BYTE_LIMIT' } });
  expect(announced.headers['gs1-epcis-capture-limit']).toBe('500');
  const raw = rawSocket(front);
  raw.socket.write(
    `POST /epcis/capture HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
  for (let i = 0; i < 8; i++) raw.socket.write(chunk);
  await until(() => raw.received().includes('413 Content Too Large'));
  await raw.ended;
  await until(() => front.spool.uploads === 0 && front.files().length === 0);
  expect(front.spool.usedBytes).toBe(0);
  expect(front.spool.bufferedBytes).toBe(0);
  expect((await capture(front, Buffer.alloc(100_000))).status).toBe(202);
});

test('capture: chunked, slow and split bodies arrive whole', async () => {
  const front = await startCaptureFront();
  const raw = rawSocket(front);
  raw.socket.write('POST /epcis/capture HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nTransfer-');
  await pause();
  raw.socket.write('Encoding: chunked\r\n\r\n5\r\nhel');
  await pause();
  raw.socket.write('lo\r\n6\r\n world\r\n');
  await pause();
  raw.socket.write('0\r\n\r\n');
  await until(() => raw.received().includes('202 Accepted'));
  expect(front.service.submitted[0]?.text).toBe('hello world');
  // The connection goes on.
  raw.socket.write(
    'POST /epcis/capture HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: 3\r\n\r\na',
  );
  await pause();
  raw.socket.write('bc');
  await until(() => front.service.submitted.length === 2);
  expect(front.service.submitted[1]?.text).toBe('abc');
  raw.socket.destroy();
});

test('capture: an upload that is given up leaves nothing', async () => {
  const front = await startCaptureFront();
  const raw = rawSocket(front);
  raw.socket.write(
    `POST /epcis/capture HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(300_000)}`,
  );
  await until(() => front.files().length === 1);
  raw.socket.destroy();
  await until(() => front.files().length === 0 && front.spool.uploads === 0);
  expect(front.spool.usedBytes).toBe(0);
  expect(front.service.submitted).toEqual([]);
});

test('capture: bytes behind the announced length are not part of the body', async () => {
  const front = await startCaptureFront();
  const raw = rawSocket(front);
  raw.socket.write(
    'POST /epcis/capture HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: 3\r\n\r\nabcdef\r\n\r\n',
  );
  await until(() => front.service.submitted.length === 1);
  expect(front.service.submitted[0]?.text).toBe('abc');
  await raw.ended;
});

test('capture: curl with Expect: 100-continue is answered', async () => {
  const front = await startCaptureFront();
  const file = join(temporaryFolder(), 'big.xml');
  writeFileSync(file, 'x'.repeat(2_000_000));
  const url = `http://127.0.0.1:${front.port}/epcis/capture`;
  const args = [
    '-s',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    '-H',
    'Expect: 100-continue',
    '-H',
    'Content-Type: text/xml',
  ];
  const run = promisify(execFile);
  const { stdout } = await run('curl', [...args, '--data-binary', `@${file}`, url]);
  expect(stdout).toBe('202');
  expect(front.service.submitted[0]?.body.bytes).toBe(2_000_000);
});

test('capture: a large body arrives whole while the disk is slow', async () => {
  const front = await startCaptureFront({
    spool: {
      disk: {
        ...spoolDisk,
        create: async (path) => {
          const file = await spoolDisk.create(path);
          return {
            ...file,
            write: async (parts, offset) => {
              await pause();
              await file.write(parts, offset);
            },
          };
        },
      },
    },
  });
  const body = randomBytes(6 * 1024 * 1024);
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, front.spool.bufferedBytes);
  }, 1);
  const answer = await capture(front, body);
  clearInterval(timer);
  expect(answer.status).toBe(202);
  expect(front.service.submitted[0]?.body.sha256).toBe(createHash('sha256').update(body).digest('hex'));
  // What is behind, and the pieces of one read of the socket.
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThan(2 * 1024 * 1024);
});

test('capture: a disk that fills under a large body is 503, and the socket is not left waiting', async () => {
  let written = 0;
  const front = await startCaptureFront({
    spool: {
      disk: {
        ...spoolDisk,
        create: async (path) => {
          const file = await spoolDisk.create(path);
          return {
            ...file,
            write: async (parts, offset) => {
              await pause();
              written += 1;
              if (written > 2)
                throw Object.assign(new Error('ENOSPC: made up'), { code: 'ENOSPC', syscall: 'write' });
              await file.write(parts, offset);
            },
          };
        },
      },
    },
  });
  const answer = await capture(front, randomBytes(6 * 1024 * 1024));
  expect(answer).toMatchObject({ status: 503, json: { detail: expect.stringContaining('full') } });
  await until(() => front.spool.uploads === 0 && front.files().length === 0);
  expect([front.spool.usedBytes, front.spool.bufferedBytes, front.fatal.length]).toEqual([0, 0, 0]);
});

test('capture: no room is 503 with Retry-After: in the spool, in the service, in memory', async () => {
  const front = await startCaptureFront({ spool: { quotaBytes: 1000, maxBufferedBytes: 500 } });
  const full = await capture(front, Buffer.alloc(1001));
  expect(full).toMatchObject({
    status: 503,
    json: { type: 'epcisException:ImplementationException', status: 503 },
  });
  expect(Number(full.headers['retry-after'])).toBeGreaterThan(0);
  expect((await capture(front, Buffer.alloc(600))).status).toBe(503);
  front.service.busy = 'the journal is full';
  const busy = await capture(front, 'x');
  expect(busy).toMatchObject({ status: 503, json: { detail: 'the journal is full' } });
  expect(busy.headers['retry-after']).toBe('7');
  expect(front.spool.bufferedBytes).toBe(0);
});

test('capture: a fault of the service is 500, and the next request is answered', async () => {
  const front = await startCaptureFront();
  front.service.failing = new Error('a bug');
  expect(await capture(front)).toMatchObject({
    status: 500,
    json: { type: 'epcisException:ImplementationException' },
  });
  front.service.failing = null;
  expect((await capture(front)).status).toBe(202);
});

test('capture: tokens need the scope epcis, and see their own jobs only', async () => {
  const one = 'a-secret-of-partner-one';
  const two = 'a-secret-of-partner-two';
  const front = await startCaptureFront({
    config: {
      tokens: [
        { name: 'one', token: one, streams: ['epcis'], gln: '4000001000005' },
        { name: 'two', token: two, streams: ['*'] },
        { name: 'sensor', token: 'a-secret-of-a-sensor', streams: ['coldchain'] },
      ],
    },
  });
  const as = (secret: string) => ({ authorization: `Bearer ${secret}` });
  const nobody = await capture(front);
  expect(nobody).toMatchObject({ status: 401, json: { type: 'epcisException:SecurityException' } });
  expect(nobody.headers['www-authenticate']).toContain('Bearer');
  expect((await capture(front, DOCUMENT, as('a-secret-of-a-sensor'))).status).toBe(403);
  const mine = await capture(front, DOCUMENT, as(one));
  expect(mine.status).toBe(202);
  expect(front.service.submitted[0]?.request).toMatchObject({ principal: 'one', gln: '4000001000005' });
  const path = mine.headers.location ?? '';
  expect((await call(front, path, { headers: as(one) })).status).toBe(200);
  expect(await call(front, path, { headers: as(two) })).toMatchObject({
    status: 404,
    json: { type: 'epcisException:NoSuchNameException' },
  });
  expect((await call(front, '/epcis/capture', { headers: as(one) })).json).toHaveLength(1);
  expect((await call(front, '/epcis/capture', { headers: as(two) })).json).toEqual([]);
});

test('capture: foreign origins and hosts are refused', async () => {
  const front = await startCaptureFront();
  expect((await capture(front, DOCUMENT, { origin: 'https://evil.example' })).status).toBe(403);
  expect((await capture(front, DOCUMENT, { host: 'evil.example' })).status).toBe(403);
});

test('capture: requests over the rate are 429', async () => {
  const front = await startCaptureFront({ config: { limits: { requestsPerSecond: 1 } } });
  expect((await capture(front)).status).toBe(202);
  const fast = await capture(front);
  expect(fast.status).toBe(429);
  expect(fast.headers['retry-after']).toBeDefined();
});

test('capture: while the engine drains nothing is taken', async () => {
  const front = await startCaptureFront();
  front.frontend.stopAccepting();
  expect(await capture(front)).toMatchObject({ status: 503, json: { status: 503 } });
  expect(front.files()).toEqual([]);
  await front.api.idle();
});

test('capture: OPTIONS tells what the interface can do', async () => {
  const front = await startCaptureFront();
  const answer = await call(front, '/epcis/capture', { method: 'OPTIONS' });
  expect(answer.status).toBe(204);
  expect(answer.headers['content-length']).toBeUndefined();
  expect(answer.headers).toMatchObject({
    allow: 'OPTIONS, POST, GET',
    'gs1-epcis-version': '2.0.0',
    'gs1-epcis-min': '1.0.0',
    'gs1-epcis-max': '2.0.1',
    'gs1-cbv-version': '2.0.0',
    'gs1-cbv-min': expect.any(String),
    'gs1-cbv-max': expect.any(String),
    'gs1-epc-format': 'No_Preference',
    'gs1-cbv-xml-format': 'No_Preference',
    'gs1-extensions': 'gs1ushc=http://epcis.gs1us.org/hc/ns',
    'gs1-vendor-version': expect.stringMatching(/^firn-\d/),
    'gs1-epcis-capture-limit': '500',
    'gs1-epcis-capture-file-size-limit': String(8 * 1024 * 1024),
    'gs1-capture-error-behaviour': 'all',
  });
  expect((await call(front, '/epcis/capture/x', { method: 'OPTIONS' })).headers.allow).toBe('OPTIONS, GET');
  const put = await call(front, '/epcis/capture', { method: 'PUT' });
  expect(put.status).toBe(405);
  expect(put.headers.allow).toBe('OPTIONS, POST, GET');
  expect((await call(front, '/epcis/nothing')).status).toBe(404);
  const help = await call(front, '/epcis');
  expect(help.status).toBe(200);
  expect(help.text).toContain('POST /epcis/capture');
});

test('capture: extensions that partners agreed on are told', async () => {
  const front = await startCaptureFront({ options: { extensions: { ex: 'https://ns.example/epcis/' } } });
  const { headers } = await call(front, '/epcis/capture');
  expect(headers['gs1-extensions']).toBe('gs1ushc=http://epcis.gs1us.org/hc/ns,ex=https://ns.example/epcis/');
});

test('jobs: the truth table of EPCIS, in JSON and XML', async () => {
  const front = await startCaptureFront();
  const request = {
    principal: 'anonymous',
    gln: null,
    mediaType: 'text/xml',
    behaviour: 'proceed',
    single: false,
  } as const;
  const refused: Finding = {
    code: 'I03_GTIN_CHECK_DIGIT',
    severity: 'reject',
    event: 3,
    pointer: '/x/<y>',
    detail: 'a & b\u0000',
    eventHash: 'ab'.repeat(32),
  };
  const stale: Finding = { code: 'L15_STALE', severity: 'warn', event: 1, pointer: '', detail: 'old' };
  for (const [running, success] of [
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ] as const) {
    const id = randomUUID();
    front.service.add(id, request, {
      running,
      success,
      finishedMs: running ? null : 1_780_000_000_500,
      findings: success ? [stale] : [refused, stale],
      events: 5,
    });
    const { json } = await call(front, `/epcis/capture/${id}`);
    expect(json).toMatchObject({
      captureID: id,
      running,
      success,
      captureErrorBehaviour: 'proceed',
      events: 5,
    });
    expect(json.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect('finishedAt' in json).toBe(!running);
    expect(json.errors).toHaveLength(success ? 0 : 1);
    expect(json.warnings).toMatchObject([{ code: 'L15_STALE', severity: 'warn', eventIndex: 1 }]);
    if (!success)
      expect(json.errors[0]).toMatchObject({
        type: 'epcisException:ValidationException',
        title: expect.any(String),
        status: 400,
        code: 'I03_GTIN_CHECK_DIGIT',
        severity: 'reject',
        eventIndex: 3,
        pointer: '/x/<y>',
        eventHash: 'ab'.repeat(32),
      });
    expect(json.warnings[0]).not.toHaveProperty('eventHash');
    const xml = await call(front, `/epcis/capture/${id}`, {
      headers: { accept: 'application/json;q=0.5, application/xml' },
    });
    expect(xml.headers['content-type']).toBe('application/xml; charset=utf-8');
    expect(wellFormed(xml.text)).toBe('');
    expect(xml.text).toContain(`running="${running}" success="${success}" captureID="${id}"`);
    expect(xml.text.includes('<errors>')).toBe(!success);
    expect(xml.text.includes(`<firn:eventHash>${'ab'.repeat(32)}<`)).toBe(!success);
    expect(validXml(xml.text)).toBe('');
  }
});

test('jobs: 250 of them are paged, newest first, each once', async () => {
  const front = await startCaptureFront();
  const request = {
    principal: 'anonymous',
    gln: null,
    mediaType: 'text/xml',
    behaviour: 'rollback',
    single: false,
  } as const;
  const ids = Array.from({ length: 250 }, () => front.service.add(randomUUID(), request, {}).id);
  const seen: string[] = [];
  let path: string | null = '/epcis/capture?perPage=40';
  let pages = 0;
  while (path !== null) {
    const page: Answer = await call(front, path);
    pages += 1;
    expect(page.status).toBe(200);
    seen.push(...page.json.map((job: { captureID: string }) => job.captureID));
    path = /^<([^>]+)>; rel="next"$/.exec(String(page.headers['link'] ?? ''))?.[1] ?? null;
    expect(page.headers['gs1-next-page-token-expires'] === undefined).toBe(path === null);
  }
  expect(pages).toBe(7);
  expect(seen).toEqual([...ids].reverse());
  expect((await call(front, '/epcis/capture')).json).toHaveLength(30);
  const unknown = `nextPageToken=${randomUUID()}`;
  for (const bad of ['perPage=0', 'perPage=x', 'perPage=-1', 'nextPageToken=', 'nextPageToken=%0a', unknown])
    expect((await call(front, `/epcis/capture?${bad}`)).status, bad).toBe(400);
});

test('jobs: unknown ids are 404, HEAD has the headers only, a ledger that is away is 503', async () => {
  const front = await startCaptureFront();
  expect((await call(front, '/epcis/capture/nonsense')).status).toBe(404);
  expect((await call(front, `/epcis/capture/${randomUUID()}`)).status).toBe(404);
  const { headers } = await capture(front);
  const path = headers.location ?? '';
  const get = await call(front, path);
  const head = await call(front, path, { method: 'HEAD' });
  expect(head.status).toBe(200);
  expect(head.text).toBe('');
  expect(head.headers['content-length']).toBe(String(Buffer.byteLength(get.text)));
  front.service.away = true;
  const away = await call(front, path);
  expect(away).toMatchObject({ status: 503, json: { type: 'epcisException:ImplementationException' } });
  expect(away.headers['retry-after']).toBeDefined();
});

const JSON_BODY = { 'content-type': 'application/json' };

test('events: one event is 201 with its place, 409 when known, 400 when refused, 202 when it takes too long', async () => {
  const front = await startCaptureFront({ options: { eventWaitMs: 50 } });
  const send = (body: string) => call(front, '/epcis/events', { method: 'POST', headers: JSON_BODY, body });
  const eventId = 'ni:///sha-256;ab?ver=CBV2.0';
  front.service.events.set(eventId, { eventID: eventId });
  front.service.judge = () => ({ events: 1, accepted: 1, eventIds: [eventId] });
  const created = await send(' {"a":1}');
  expect(created).toMatchObject({ status: 201, json: { eventID: eventId, a: 1 } });
  expect(created.headers.location).toBe(`/epcis/events/${encodeURIComponent(eventId)}`);
  expect((await call(front, created.headers.location ?? '')).json).toEqual({ eventID: eventId });
  expect((await call(front, `/epcis/events/${eventId}`)).json).toEqual({ eventID: eventId });
  expect((await call(front, '/epcis/events/urn:other')).status).toBe(404);
  // As it was sent where it has an id; EPCIS names no such body in XML.
  expect((await send('{"eventID":"ni:own"}')).text).toBe('{"eventID":"ni:own"}');
  for (const headers of [
    { 'content-type': 'application/xml' },
    { ...JSON_BODY, accept: 'application/xml' },
  ]) {
    const body = JSON.stringify(headers);
    const silent = await call(front, '/epcis/events', { method: 'POST', headers, body });
    expect(silent).toMatchObject({ status: 201, text: '' });
  }
  const again = await send(' {"a":1}');
  expect(again).toMatchObject({
    status: 409,
    json: { type: 'epcisException:ResourceAlreadyExistsException', status: 409 },
  });
  expect(again.headers['firn-replay']).toBe('true');
  front.service.judge = () => ({ events: 1, duplicate: 1, eventIds: [eventId] });
  expect((await send('2')).status).toBe(409);
  front.service.judge = () => ({
    events: 1,
    rejected: 1,
    success: false,
    findings: [
      { code: 'S02_EVENT_TIME', severity: 'reject', event: 0, pointer: '/eventTime', detail: 'no zone' },
    ],
  });
  expect(await send('3')).toMatchObject({
    status: 400,
    json: { code: 'S02_EVENT_TIME', pointer: '/eventTime' },
  });
  front.service.stalled = true;
  front.service.judge = () => ({ events: 1 });
  const late = await send('4');
  expect(late).toMatchObject({
    status: 202,
    json: { running: true, detail: expect.stringContaining('job') },
  });
  expect(late.headers.location).toMatch(LOCATION);
  expect(front.service.submitted.every(({ request }) => request.single)).toBe(true);
  expect((await call(front, '/epcis/events')).headers.allow).toBe('OPTIONS, POST');
});

test('items: by GTIN and serial, percent-encoded, and by SSCC', async () => {
  const front = await startCaptureFront();
  const item = {
    gtin: '04000001000012',
    serial: 'A/1%',
    lot: null,
    expiry: null,
    state: 'active',
    parent: null,
    events: [],
  };
  front.service.items.set('04000001000012/A/1%', item);
  front.service.items.set('/(00)040000010000000017', { ...item, gtin: '', serial: '(00)040000010000000017' });
  expect((await call(front, '/epcis/items/4000001000012/A%2F1%25')).json).toEqual(item);
  expect((await call(front, '/epcis/items/00/040000010000000017')).status).toBe(200);
  expect((await call(front, '/epcis/items/04000001000012/B')).status).toBe(404);
  expect((await call(front, '/epcis/items/12/B')).status).toBe(400);
  expect((await call(front, '/epcis/items/04000001000012/%zz')).status).toBe(400);
});

test('acks: polled behind a number, in order, and acknowledged', async () => {
  const front = await startCaptureFront();
  const ack = (seq: number) => ({
    partner: '4000001000005',
    seq: String(seq),
    capture: randomUUID(),
    kind: 'received' as const,
    body: { bytes: seq },
    digest: 'ab',
    createdMs: 1_780_000_000_000,
    deliveredMs: null,
    ackedMs: null,
  });
  front.service.acksOf.set('4000001000005', [1, 2, 3].map(ack));
  const all = await call(front, '/epcis/acks?partner=4000001000005');
  expect(all.json.acks.map(({ seq }: { seq: string }) => seq)).toEqual(['1', '2', '3']);
  expect(all.json.acks[0]).toMatchObject({
    kind: 'received',
    createdAt: '2026-05-28T20:26:40.000Z',
    body: { bytes: 1 },
  });
  const rest = await call(front, '/epcis/acks?after=1&perPage=1&partner=4000001000005');
  expect(rest.json).toMatchObject({ next: '2', acks: [{ seq: '2' }] });
  expect((await call(front, '/epcis/acks?after=x')).status).toBe(400);
  const tell = (body: string) => call(front, '/epcis/acks?partner=4000001000005', { method: 'POST', body });
  expect((await tell('{"seq":2}')).status).toBe(204);
  expect((await tell('{"seq":"3"}')).status).toBe(204);
  expect((await tell(`{"seq":1${' '.repeat(2000)}}`)).status).toBe(400);
  for (const bad of ['', '{"seq":-1}', '{"seq":1.5}', '[]', 'x', 'null'])
    expect((await tell(bad)).status, bad).toBe(400);
  expect(front.service.acknowledged).toEqual([
    ['4000001000005', '2'],
    ['4000001000005', '3'],
  ]);
});
