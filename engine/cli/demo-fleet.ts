// The demo's fleet as a child process: a load generator that shares a process with the engine would measure itself. It
// is out of reach of the terminal's Ctrl-C, so that the demo orders the shutdown, and it ends when the demo is gone.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FleetProgress, FleetResult } from '../fleet/fleet.ts';

/** How long the fleet may take to tell its counts after it was told to stop. */
const STOP_MS = 10_000;

type Message = { type: 'progress'; progress: FleetProgress } | { type: 'result'; result: FleetResult };

export class DemoFleet {
  readonly #child: ChildProcess;
  readonly #ended: Promise<FleetResult | null>;
  #result: FleetResult | null = null;
  /** Its last report; null before the first. */
  progress: FleetProgress | null = null;

  /** Starts `firn fleet` with these options. */
  constructor(options: readonly string[]) {
    const main = fileURLToPath(new URL('./main.js', import.meta.url));
    this.#child = fork(main, ['fleet', '--ipc', ...options], {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: Message) => {
      if (message.type === 'progress') this.progress = message.progress;
      else this.#result = message.result;
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', () => resolve(null));
      this.#child.once('close', () => resolve(this.#result));
    });
  }

  /** Resolves when the fleet has ended: its counts, or null when it could not tell them. */
  get ended(): Promise<FleetResult | null> {
    return this.#ended;
  }

  /** Orders the end: no more frames, what is in flight is waited for. */
  stop(): void {
    if (this.#child.connected) this.#child.send('stop');
    const kill = setTimeout(() => this.kill(), STOP_MS);
    void this.#ended.then(() => clearTimeout(kill));
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
