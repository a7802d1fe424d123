// The engine as a process of its own: started, killed with SIGKILL at any moment, started again on the same folder.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../engine/cli/main.js', import.meta.url));

export class EngineProcess {
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;
  #errors = '';

  constructor(args: readonly string[]) {
    this.#args = args;
  }

  /** Starts the engine; does not wait until it is ready: a kill may come before that. */
  start(): void {
    this.#errors = '';
    const child = spawn(process.execPath, [MAIN, 'serve', ...this.#args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
    this.#child = child;
  }

  /** The last words on standard error: what to show when a run fails. */
  get errors(): string {
    return this.#errors;
  }

  /** The code that the engine exited with by itself, null while it runs. */
  get exited(): number | null {
    return this.#child?.exitCode ?? null;
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Orderly stop. @returns the exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === null) return null;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  }
}
