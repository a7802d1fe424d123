// An engine that takes captures in a process of its own, started as an operator does: what it says and what it costs can be
// looked at from outside, it can be killed, and nothing of the test shares its memory.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/engine/cli/main.js', import.meta.url));
const STARTED_MS = 60_000;

export interface ServedCaptures {
  /** `http://127.0.0.1:PORT` */
  readonly http: string;
  readonly data: string;
  /** Where its lake is. */
  readonly lake: string;
  readonly pid: number;
  /** Everything it said so far, on both streams. */
  said(): string;
  /** True while it runs. */
  alive(): boolean;
  /** The most memory it ever had, bytes; 0 where the system does not say. */
  peakBytes(): number;
  /** Resolves when it has ended, however it did. */
  readonly ended: Promise<unknown>;
  /** Ends it at once, wherever it is. */
  kill(): void;
  /** An orderly end. @returns its exit code */
  stop(): Promise<number | null>;
  /** Removes what it made; ends it if need be. */
  remove(): Promise<void>;
}

/**
 * Starts it; resolves when it listens.
 * @param config members of the configuration file beside what every test wants
 * @param data its folder; default: one of its own
 */
export async function startServed(
  config: { readonly epcis?: object | false | undefined; readonly [member: string]: unknown } = {},
  environment: Readonly<Record<string, string>> = {},
  data?: string,
): Promise<ServedCaptures> {
  const folder = mkdtempSync(join(tmpdir(), 'firn-capture-'));
  data ??= join(folder, 'data');
  const file = join(folder, 'firn.json');
  const epcis = { cut: { age: 1, lateAge: 1 }, ...config.epcis };
  writeFileSync(file, JSON.stringify({ journal: { minFreeBytes: 0 }, ...config, epcis }));
  const argv = [MAIN, 'serve', '--config', file, '--data', data, '--port', '0'];
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DATABASE_URL: '', ...environment },
  });
  const ended = once(child, 'exit');
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  const http = await addressOf(child, () => said);
  const pid = child.pid ?? 0;
  return {
    http,
    data,
    lake: join(data, 'lake'),
    pid,
    said: () => said,
    alive,
    peakBytes: () => peakOf(pid),
    ended,
    kill: () => void child.kill('SIGKILL'),
    stop: async () => {
      if (alive()) {
        child.kill('SIGTERM');
        await ended;
      }
      return child.exitCode;
    },
    remove: async () => {
      if (alive()) {
        child.kill('SIGKILL');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function addressOf(child: ChildProcess, said: () => string): Promise<string> {
  const until = Date.now() + STARTED_MS;
  while (Date.now() < until) {
    const found = / listening on (http:\/\/[0-9.:]+)/.exec(said());
    if (found?.[1] !== undefined) return found[1];
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGKILL');
  throw new Error(`the engine did not start: ${said()}`);
}

function peakOf(pid: number): number {
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(found?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
