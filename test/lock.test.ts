import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../engine/errors.ts';
import { acquireLock } from '../engine/lock.ts';
import { temporaryFolder } from './support/journal-folder.ts';

const MODULE = `file://${resolve(import.meta.dirname, '../dist/engine/lock.js')}`;

/** Says "ready", waits for a line, tries to take the lock, tells how it went, and keeps the lock until it is killed. */
const TAKER = `
  const { acquireLock } = await import(${JSON.stringify(MODULE)});
  process.stdout.write('ready\\n');
  for await (const _ of process.stdin) break;
  try { acquireLock(process.argv[1]); process.stdout.write('taken\\n'); }
  catch (error) { process.stdout.write(error.name + ': ' + error.message + '\\n'); }
  setInterval(() => {}, 1000);
`;

interface Taker {
  readonly child: ChildProcess;
  /** The next line that it writes. */
  line(): Promise<string>;
  go(): void;
  kill(): Promise<void>;
}

async function taker(folder: string): Promise<Taker> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', TAKER, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  let text = '';
  const line = async (): Promise<string> => {
    while (!text.includes('\n'))
      text += String((await once(child.stdout as NodeJS.ReadableStream, 'data'))[0]);
    const [head = '', ...rest] = text.split('\n');
    text = rest.join('\n');
    return head;
  };
  expect(await line()).toBe('ready');
  return { child, line, go: () => child.stdin?.write('go\n'), kill };
}

test('lock: a second engine is refused and told who has it; after release it may have it', async () => {
  const folder = temporaryFolder();
  const lock = acquireLock(folder);
  const other = await taker(folder);
  other.go();
  const answer = await other.line();
  expect(answer).toMatch(/^ConfigError: .*lock: process \d+ on .* works on this data folder\. Stop it first/);
  expect(answer).toContain(`process ${process.pid} on ${hostname()}`);
  await other.kill();
  expect(() => acquireLock(folder)).toThrow(ConfigError);
  lock.release();
  expect(readdirSync(folder)).toEqual([]);
  const again = acquireLock(folder);
  lock.release();
  expect(readdirSync(folder)).toEqual(['lock']);
  again.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('lock: a killed holder is taken over at once', async () => {
  const folder = temporaryFolder();
  const holder = await taker(folder);
  holder.go();
  expect(await holder.line()).toBe('taken');
  expect(() => acquireLock(folder)).toThrow(`process ${holder.child.pid}`);
  await holder.kill();
  expect(existsSync(join(folder, 'lock'))).toBe(true);
  const lock = acquireLock(folder);
  expect(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8')).pid).toBe(process.pid);
  expect(readdirSync(folder)).toEqual(['lock']);
  lock.release();
});

test('lock: a process that has the number of the holder but began at another time is not the holder', () => {
  const folder = temporaryFolder();
  acquireLock(folder).release();
  const lock = acquireLock(folder);
  const holder = JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'));
  expect(holder.start).toMatch(/^\d+$/);
  lock.release();
  writeFileSync(join(folder, 'lock'), JSON.stringify({ ...holder, start: '1' }));
  acquireLock(folder).release();
  // Where no start is known, the number alone decides.
  writeFileSync(join(folder, 'lock'), JSON.stringify({ ...holder, start: null }));
  expect(() => acquireLock(folder)).toThrow(ConfigError);
});

test('lock: release leaves a lock alone that is not ours any more', () => {
  const folder = temporaryFolder();
  const lock = acquireLock(folder);
  writeFileSync(join(folder, 'lock'), 'another');
  lock.release();
  expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe('another');
});

test('lock: a holder on another machine keeps it while it touches it, and loses it when it stops', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'lock');
  const lock = acquireLock(folder);
  const holder = JSON.parse(readFileSync(path, 'utf8'));
  lock.release();
  writeFileSync(path, JSON.stringify({ ...holder, host: 'elsewhere' }));
  utimesSync(path, 1000, 1000);
  const watcher = await taker(folder);
  watcher.go();
  let touched = 2000;
  const timer = setInterval(() => utimesSync(path, touched, touched++), 100);
  const answer = await watcher.line();
  clearInterval(timer);
  expect(answer).toMatch(/process \d+ on elsewhere works on this data folder/);
  const late = await taker(folder);
  late.go();
  expect(await late.line()).toBe('taken');
});

test('lock: a holder touches its lock', async () => {
  const folder = temporaryFolder();
  const lock = acquireLock(folder);
  const path = join(folder, 'lock');
  utimesSync(path, 1000, 1000);
  const { statSync } = await import('node:fs');
  await expect.poll(() => statSync(path).mtimeMs, { timeout: 5000 }).toBeGreaterThan(1_000_000);
  lock.release();
});

test('lock: of takers that race for a free or a dead lock exactly one wins, in every round', async () => {
  const folder = temporaryFolder();
  for (let round = 0; round < 6; round++) {
    const takers = await Promise.all([taker(folder), taker(folder), taker(folder)]);
    for (const one of takers) one.go();
    const answers = await Promise.all(takers.map((one) => one.line()));
    expect(answers.filter((answer) => answer === 'taken').length).toBe(1);
    expect(answers.filter((answer) => /^ConfigError: .*works on this data folder/.test(answer)).length).toBe(
      2,
    );
    expect(readdirSync(folder)).toEqual(['lock']);
    // All die without a word: the next round begins with a dead lock.
    await Promise.all(takers.map((one) => one.kill()));
  }
});

test('lock: a takeover that died half-way is taken over in turn', async () => {
  const folder = temporaryFolder();
  const { createHash } = await import('node:crypto');
  const lock = acquireLock(folder);
  const holder = JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'));
  lock.release();
  const dead = (token: string): string => JSON.stringify({ ...holder, start: '1', token });
  const claimOn = (content: string): string =>
    join(folder, `lock.claim.${createHash('sha256').update(content).digest('hex').slice(0, 32)}`);
  writeFileSync(join(folder, 'lock'), dead('first'));
  writeFileSync(claimOn(dead('first')), dead('second'));
  writeFileSync(claimOn(dead('second')), dead('third'));
  const taken = acquireLock(folder);
  expect(readdirSync(folder)).toEqual(['lock']);
  taken.release();
  // And a takeover that is still alive wins over ours.
  writeFileSync(join(folder, 'lock'), dead('first'));
  writeFileSync(claimOn(dead('first')), JSON.stringify({ ...holder, token: 'alive' }));
  expect(() => acquireLock(folder)).toThrow(ConfigError);
});

test('lock: a folder that is not there is told', () => {
  expect(() => acquireLock(join(temporaryFolder(), 'none'))).toThrow(ConfigError);
});
