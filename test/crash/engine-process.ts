// The engine as a process of its own: started, killed at any moment, started again on the same folder.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));
/** An orderly end takes no longer; then it hangs. */
const STOP_MS = 60_000;

export class EngineProcess {
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;
  #errors = '';
  #output = '';
  #wake: (() => void)[] = [];
  #starts = 0;

  constructor(args: readonly string[]) {
    this.#args = args;
  }

  /** Starts the engine; does not wait until it is ready: a kill may come before that. `env` is added to our own. */
  start(env: Readonly<Record<string, string>> = {}): void {
    this.#errors = '';
    this.#output = '';
    this.#starts += 1;
    const child = spawn(process.execPath, [MAIN, 'serve', ...this.#args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-4000);
      this.#ring();
    });
    child.once('exit', () => this.#ring());
    this.#child = child;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get starts(): number {
    return this.#starts;
  }

  /** The last words on standard error: what to show when a run fails. */
  get errors(): string {
    return this.#errors;
  }

  /** It said that it takes frames; it may say so a moment later than it does. */
  get listening(): boolean {
    return this.#output.includes(' listening on ');
  }

  /** It said that it drains. */
  get draining(): boolean {
    return this.#output.includes('draining:');
  }

  /** Whether it said that everything acknowledged is in the lake. */
  get drained(): boolean {
    return this.#output.includes('drained:');
  }

  get running(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The code that the engine exited with by itself, null while it runs or when a signal ended it. */
  get exited(): number | null {
    return this.#child?.exitCode ?? null;
  }

  /** The signal that ended it, or null. */
  get signalled(): NodeJS.Signals | null {
    return this.#child?.signalCode ?? null;
  }

  /** Waits until `wanted`, looked at whenever the engine says something or ends. @returns false when it ended or took too long. */
  async until(wanted: () => boolean, withinMs: number): Promise<boolean> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#ring();
    }, withinMs);
    while (!wanted() && this.running && !late) {
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve);
      });
    }
    clearTimeout(timer);
    return wanted();
  }

  send(signal: NodeJS.Signals): void {
    if (this.running) this.#child?.kill(signal);
  }

  /** Kills it and waits for its end. */
  async kill(): Promise<void> {
    this.send('SIGKILL');
    await this.ended();
  }

  /** Orderly stop. @returns the exit code; null when it was killed, since it did not end by itself. */
  async stop(): Promise<number | null> {
    this.send('SIGTERM');
    const timer = setTimeout(() => this.send('SIGKILL'), STOP_MS);
    await this.ended();
    clearTimeout(timer);
    return this.exited;
  }

  async ended(): Promise<void> {
    if (this.running) await once(this.#child as ChildProcess, 'exit');
  }

  #ring(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
