// Messages of one judge, in order, for whoever waits for the next.

import type { MessagePort } from 'node:worker_threads';
import { Interrupted } from './job-run.ts';
import type { FromLedgerJob, ToLedgerJob } from './messages.ts';

export class Inbox {
  readonly id: string;
  readonly #port: MessagePort;
  readonly #messages: ToLedgerJob[] = [];
  #wake: () => void = () => {};
  #over = false;

  constructor(id: string, port: MessagePort) {
    this.id = id;
    this.#port = port;
    port.on('message', (message: ToLedgerJob) => {
      this.#messages.push(message);
      this.#wake();
    });
  }

  async next(): Promise<ToLedgerJob> {
    for (;;) {
      if (this.#over) throw new Interrupted();
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  credit(): void {
    const message: FromLedgerJob = { type: 'credit' };
    this.#port.postMessage(message);
  }

  /** Nothing more is taken from here. */
  end(): void {
    this.#over = true;
    this.#wake();
    this.#port.close();
  }
}
