// The process of a peer: waited for, explained when it fails, and ended whatever it does.

import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { startChild } from '../../bench/peers/child.ts';
import { freePort } from '../../bench/peers/free-port.ts';

/** Starts Node with a program of one line. */
function run(program: string, readyMs = 20_000): ReturnType<typeof startChild> {
  const args = ['-e', program];
  return startChild({ name: 'trial', command: process.execPath, args, ready: /^ready (\d+)$/, readyMs });
}

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('child: it is ready when a line says so, and gone after stop', async () => {
  const child = await run('console.log("ready 42"); setInterval(() => {}, 1000)');
  expect(child.ready[1]).toBe('42');
  expect(isThere(child.pid)).toBe(true);
  await child.stop();
  expect(isThere(child.pid)).toBe(false);
  await child.stop();
});

test('child: one that ends before it is ready is an error with its last words', async () => {
  await expect(run('console.error("no disk"); process.exit(3)')).rejects.toThrow(
    /^peer trial ended before it was ready \(exit 3\); its last lines:\n {2}no disk$/,
  );
});

test('child: one that is not ready in time is an error, and is ended', async () => {
  const program = 'console.log("pid", process.pid); setInterval(() => {}, 1000)';
  const error = await run(program, 5000).then(
    () => new Error('it became ready'),
    (reason: Error) => reason,
  );
  expect(error.message).toMatch(/^peer trial is not ready after 5000 ms; its last lines:/);
  const told = /pid (\d+)/.exec(error.message);
  expect(told).not.toBeNull();
  expect(isThere(Number(told?.[1]))).toBe(false);
});

test('child: a program that is not there is an error that names the peer', async () => {
  const missing = startChild({ name: 'trial', command: 'firn-no-such-program', args: [], ready: /ready/ });
  await expect(missing).rejects.toThrow(/^peer trial cannot be started \(.*ENOENT/);
});

test('child: one that ignores SIGTERM is killed', { timeout: 30_000 }, async () => {
  const child = await run(
    'process.on("SIGTERM", () => {}); console.log("ready 1"); setInterval(() => {}, 1000)',
  );
  await child.stop();
  expect(isThere(child.pid)).toBe(false);
});

test('free port: it can be listened on, and is below those of outgoing connections', async () => {
  const port = await freePort();
  expect(port).toBeGreaterThanOrEqual(12_000);
  expect(port).toBeLessThan(32_000);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port, exclusive: true }, resolve));
  await new Promise((resolve) => server.close(resolve));
});
