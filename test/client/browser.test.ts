// FirnClient in a real browser: the built module is loaded by headless Chromium as it is, without a bundler, from a page
// of another origin, with a token as subprotocol. Skips with a word where no Chromium is installed.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { readLines } from '../support/read-lake.ts';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);
const TOKEN = 'a-token-for-the-browser';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let engine: TestEngine | undefined;
let browser: ChildProcess | undefined;
const server = createServer();
const profile = mkdtempSync(join(tmpdir(), 'firn-browser-'));

afterEach(async () => {
  // The browser is a family of processes: its group ends with it.
  if (browser?.pid !== undefined) process.kill(-browser.pid, 'SIGKILL');
  server.closeAllConnections();
  server.close();
  await engine?.remove();
  rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

function page(url: string): string {
  return `<!doctype html><script type="module">
    import { FirnClient } from '/engine/client/client.js';
    const tell = (body) => fetch('/result', { method: 'POST', body: JSON.stringify(body) });
    try {
      const client = new FirnClient({ url: '${url}', token: '${TOKEN}', session: 'page-1' });
      const rejects = [];
      client.onReject((reject) => rejects.push(reject.code));
      await client.connect();
      const record = { sensor_id: 'browser-1', timestamp_utc: '2026-07-01T00:00:00Z', temperature_c: 5, zone_id: 'Z' };
      for (let n = 0; n < 100; n += 1) client.send({ ...record, temperature_c: n / 10 });
      await client.send({ ...record, temperature_c: 1000 });
      client.reconnect();
      await client.send({ ...record, timestamp_utc: '2026-07-01T00:00:01Z' });
      await client.close();
      await tell({ rejects });
    } catch (error) { await tell({ error: String(error) }); }
  </script>`;
}

/** Serves the page and the built modules; resolves with what the page posts. */
async function serve(html: () => string): Promise<{ origin: string; result: Promise<unknown> }> {
  let done = (_: unknown): void => {};
  const result = new Promise((resolve) => {
    done = resolve;
  });
  server.on('request', (request, response) => {
    const path = normalize(request.url ?? '/');
    if (path === '/result') {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        response.end();
        done(JSON.parse(body));
      });
    } else if (path === '/') {
      response.setHeader('content-type', 'text/html').end(html());
    } else if (existsSync(join(DIST, path))) {
      response.setHeader('content-type', 'text/javascript').end(readFileSync(join(DIST, path)));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, result };
}

test('browser: the client sends, is refused, reconnects and resumes in Chromium', async (context) => {
  if (CHROMIUM === undefined) return context.skip('no Chromium is installed');
  let url = '';
  const { origin, result } = await serve(() => page(url));
  engine = await startEngine({
    listen: { port: 0, origins: [origin] },
    tokens: [{ name: 'page', token: TOKEN, streams: ['coldchain'] }],
  });
  url = engine.ws;
  const args = [...FLAGS, `--user-data-dir=${profile}`, origin];
  browser = spawn(CHROMIUM, args, { stdio: 'ignore', detached: true });
  expect(await result).toEqual({ rejects: ['field.range'] });
  await engine.engine.close();
  expect(await readLines(engine.lake, 'coldchain/')).toHaveLength(101);
});
