// `firn capture` against a real port: what it sends, what it prints, how it ends.

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { run } from '../../engine/cli/capture.ts';
import { ConfigError } from '../../engine/errors.ts';
import { closeCaptureFronts, startCaptureFront, temporaryFolder } from '../support/capture-front.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  closeCaptureFronts();
});

/** Runs the command and keeps what it prints. */
async function firn(...argv: string[]): Promise<{ code: number; out: string }> {
  let out = '';
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  try {
    return { code: await run(argv), out };
  } finally {
    spy.mockRestore();
  }
}

function file(name: string, text: string | Uint8Array): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
}

test('firn capture: a file that is stored whole is one line and 0', async () => {
  const front = await startCaptureFront();
  const path = file('shipment.xml', '<a/>');
  const { code, out } = await firn('--to', `http://127.0.0.1:${front.port}`, path);
  expect(code).toBe(0);
  expect(out).toMatch(/^\S+shipment\.xml: stored, 1 of 1 event stored \(job [0-9a-f-]{36}\)\n$/);
  expect(front.service.submitted[0]).toMatchObject({
    text: '<a/>',
    request: { mediaType: 'application/xml', behaviour: 'rollback' },
  });
  const again = await firn('--to', `http://127.0.0.1:${front.port}/`, path);
  expect(again).toMatchObject({ code: 0, out: expect.stringContaining('sent before') });
});

test('firn capture: findings are told, and something refused is 1', async () => {
  const front = await startCaptureFront();
  front.service.judge = (text) =>
    text === 'bad'
      ? [{ code: 'D04_MALFORMED', severity: 'reject', event: null, pointer: '', detail: 'line 1: no JSON' }]
      : {
          events: 12,
          accepted: 3,
          duplicate: 1,
          rejected: 8,
          success: false,
          findings: [
            { code: 'I03_GTIN_CHECK_DIGIT', severity: 'reject', event: 4, pointer: '/x', detail: '5, not 7' },
            { code: 'L15_STALE', severity: 'warn', event: 0, pointer: '', detail: 'from 1999' },
          ],
        };
  const to = ['--to', `http://127.0.0.1:${front.port}`];
  const partly = await firn(...to, '--behaviour', 'proceed', file('a.json', '{}'), file('b.jsonld', 'bad'));
  expect(partly.code).toBe(1);
  expect(partly.out).toContain(
    'a.json: partly stored, 3 of 12 events stored, 1 known already, 8 refused (job ',
  );
  expect(partly.out).toContain('  REJECT  I03_GTIN_CHECK_DIGIT\n          Correct the check digit');
  expect(partly.out).toContain('  warn    L15_STALE');
  expect(partly.out).toContain('b.jsonld: REFUSED: D04_MALFORMED: line 1: no JSON (HTTP 400)');
  expect(partly.out).toContain('Send well-formed XML or JSON');
  expect(front.service.submitted.map(({ request }) => [request.mediaType, request.behaviour])).toEqual([
    ['application/json', 'proceed'],
    ['application/ld+json', 'proceed'],
  ]);
});

test('firn capture: --json is one line per file', async () => {
  const front = await startCaptureFront();
  const files = [file('a', '  <x/>'), file('b', '{"a":1}')];
  const { code, out } = await firn('--json', '--to', `http://127.0.0.1:${front.port}`, ...files);
  expect(code).toBe(0);
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { file: files[0], outcome: 'stored', replay: false, job: { accepted: 1, running: false } },
    { file: files[1], outcome: 'stored' },
  ]);
  expect(front.service.submitted.map(({ request }) => request.mediaType)).toEqual([
    'application/xml',
    'application/json',
  ]);
});

test('firn capture: a large file is streamed whole, one over the limit is refused', async () => {
  const front = await startCaptureFront();
  const body = Buffer.alloc(5 * 1024 * 1024, 'abcdefg');
  const to = ['--to', `http://127.0.0.1:${front.port}`];
  expect((await firn(...to, file('large.xml', body))).code).toBe(0);
  expect(front.service.submitted[0]?.body).toMatchObject({
    bytes: body.length,
    sha256: createHash('sha256').update(body).digest('hex'),
  });
  const over = await firn(...to, file('over.xml', Buffer.alloc(9 * 1024 * 1024)));
  expect(over).toMatchObject({ code: 1, out: expect.stringContaining('(HTTP 413)') });
});

test('firn capture: the token comes from a file or the environment, a wrong one is 2', async () => {
  const secret = 'a-secret-of-partner-one';
  const front = await startCaptureFront({
    config: { tokens: [{ name: 'one', token: secret, streams: ['epcis'] }] },
  });
  const to = ['--to', `http://127.0.0.1:${front.port}`];
  const path = file('a.xml', '<a/>');
  vi.stubEnv('FIRN_TOKEN', '');
  expect(await firn(...to, path)).toMatchObject({ code: 2, out: expect.stringContaining('(HTTP 401)') });
  expect((await firn(...to, '--token-file', file('token', `${secret}\n`), path)).code).toBe(0);
  vi.stubEnv('FIRN_TOKEN', secret);
  expect((await firn(...to, path)).code).toBe(0);
});

test('firn capture: a server without room is asked again, one that is not there is 2', async () => {
  const front = await startCaptureFront();
  front.service.busy = 'the spool is full';
  const path = file('a.xml', '<a/>');
  const to = ['--to', `http://127.0.0.1:${front.port}`];
  const full = await firn(...to, '--wait', '1', path);
  expect(full).toMatchObject({ code: 2, out: expect.stringContaining('the spool is full (HTTP 503)') });
  // Busy once, and then not.
  let asked = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (request.method === 'POST') {
        asked += 1;
        if (asked === 1) response.writeHead(503, { 'retry-after': '1' });
        else response.writeHead(202, { location: '/epcis/capture/j1' });
        response.end();
      } else {
        const counts = { events: 2, accepted: 2, duplicate: 0, rejected: 0 };
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify({
            captureID: 'j1',
            running: false,
            success: true,
            ...counts,
            errors: [],
            warnings: [],
          }),
        );
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const again = await firn('--to', `http://127.0.0.1:${port}`, path);
  server.close();
  expect(asked).toBe(2);
  expect(again).toMatchObject({
    code: 0,
    out: expect.stringContaining('stored, 2 of 2 events stored (job j1)'),
  });
  const gone = await firn('--to', `http://127.0.0.1:${port}`, path);
  expect(gone).toMatchObject({ code: 2, out: expect.stringContaining('does not answer (ECONNREFUSED)') });
});

test('firn capture: a job that is not over in time is 2, and with --wait 0 nobody waits', async () => {
  const front = await startCaptureFront();
  front.service.stalled = true;
  front.service.judge = () => ({ events: 1 });
  const to = ['--to', `http://127.0.0.1:${front.port}`];
  const late = await firn(...to, '--wait', '0.2', file('a.xml', '<a/>'));
  expect(late).toMatchObject({ code: 2, out: expect.stringContaining('taken, not judged yet: job ') });
  expect((await firn(...to, '--wait', '0', file('b.xml', '<b/>'))).code).toBe(0);
});

test('firn capture: what cannot be is said before anything is sent', async () => {
  const front = await startCaptureFront();
  const to = ['--to', `http://127.0.0.1:${front.port}`];
  const path = file('a.xml', '<a/>');
  const folder = join(temporaryFolder(), 'folder');
  mkdirSync(folder);
  for (const argv of [[], [path, 'missing.xml'], [folder], ['--behaviour', 'all', path], ['--wat', path]])
    await expect(firn(...to, ...argv)).rejects.toThrow(ConfigError);
  await expect(firn('--to', 'nonsense', path)).rejects.toThrow('--to takes');
  expect(front.service.submitted).toEqual([]);
  const help = await firn('--help');
  expect(help).toMatchObject({ code: 0, out: expect.stringContaining('usage: firn capture FILE…') });
});
