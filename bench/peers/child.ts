// A peer's process: started, waited for until it says that it is ready, and ended by its pid. It never outlives this one,
// unless this one is killed without a chance to act.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { withSbin } from './installed.ts';

const READY_MS = 30_000;
const STOP_MS = 5_000;
/** Lines that are kept to be shown when it fails. */
const LAST_LINES = 20;

export interface ChildOptions {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Found in a line of standard output or standard error when it takes connections. */
  readonly ready: RegExp;
  readonly readyMs?: number;
}

export class Child {
  readonly pid: number;
  /** The line that said it is ready, matched. */
  readonly ready: RegExpExecArray;
  readonly #process: ChildProcess;
  readonly #end: () => void;

  constructor(process: ChildProcess, pid: number, ready: RegExpExecArray, end: () => void) {
    this.#process = process;
    this.pid = pid;
    this.ready = ready;
    this.#end = end;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Sends `signal`, and SIGKILL after `ms`; returns when it is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', ms: number = STOP_MS): Promise<void> {
    await end(this.#process, signal, ms);
    this.#end();
  }
}

function gone(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess, signal: NodeJS.Signals, ms: number = STOP_MS): Promise<void> {
  if (gone(child)) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  await exit;
  clearTimeout(timer);
}

/** Starts a process. @throws Error with its last lines when it ends before it is ready, or is not ready in time */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, command, args, ready, readyMs = READY_MS } = options;
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: withSbin() });
  const last: string[] = [];
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const forget = (): void => void process.removeListener('exit', kill);
  try {
    const match = await new Promise<RegExpExecArray>((resolve, reject) => {
      const fail = (what: string): void =>
        reject(new Error([`peer ${name} ${what}; its last lines:`, ...last].join('\n  ')));
      const timer = setTimeout(() => fail(`is not ready after ${readyMs} ms`), readyMs);
      const heard = (line: string): void => {
        last.push(line);
        if (last.length > LAST_LINES) last.shift();
        const found = ready.exec(line);
        if (found === null) return;
        clearTimeout(timer);
        resolve(found);
      };
      // Both stay open to the end: a full pipe would stop the peer.
      for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', heard);
      child.once('error', (error) => {
        clearTimeout(timer);
        fail(`cannot be started (${error.message})`);
      });
      // `close` and not `exit`: by then its last lines have been read.
      child.once('close', (code, signal) => {
        clearTimeout(timer);
        fail(`ended before it was ready (${signal ?? `exit ${code}`})`);
      });
    });
    return new Child(child, child.pid as number, match, forget);
  } catch (error) {
    if (child.pid !== undefined) await end(child, 'SIGKILL');
    forget();
    throw error;
  }
}
