// The operator's order to send again what lies in quarantine: asked on the main thread, done by the seal stage. Whoever
// asks is answered, also by an engine that ends meanwhile.

import type { Resent } from './seal/object-sender.ts';

interface Waiting {
  resolve(resent: Resent): void;
  reject(error: Error): void;
}

export class ResendOrders {
  readonly #waiting: Waiting[] = [];
  #ended = false;

  /** @param send passes the order on */
  ask(send: () => void): Promise<Resent> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#ended) this.end();
      else send();
    });
  }

  /** The seal stage has tried each object once: an answer to everybody who has asked by now. */
  answer({ sent, left }: Resent): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve({ sent, left });
  }

  /** There will be no more answers. */
  end(): void {
    this.#ended = true;
    const error = new Error('the engine has ended: its next start sends what is in quarantine');
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
