// Whose fault a refusal is. The store has said of an object that it will not take it (SinkFault): when it says the same
// three times in a row and takes another object meanwhile, it is that one object. Until then the log waits for it.

import { randomBytes } from 'node:crypto';
import { type Sink, SinkFault, SinkOutage } from '../sink/sink.ts';

/** So many equal refusals in a row blame the object. */
export const REFUSALS = 3;

interface Refusal {
  readonly message: string;
  readonly times: number;
}

export class Refusals {
  readonly #sink: Sink;
  /** By index in the log. */
  readonly #refusals = new Map<number, Refusal>();

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /**
   * Counts a refusal. @returns true when the object is to blame.
   * @throws SinkOutage, SinkFault when the store takes no other object either
   */
  async judge(index: number, message: string): Promise<boolean> {
    const last = this.#refusals.get(index);
    const times = last?.message === message ? last.times + 1 : 1;
    this.#refusals.set(index, { message, times });
    if (times < REFUSALS) return false;
    await this.#probe();
    this.#refusals.delete(index);
    return true;
  }

  /** The store has taken the object. */
  forget(index: number): void {
    this.#refusals.delete(index);
  }

  async #probe(): Promise<void> {
    // A name of its own each time: only a new object shows that the store takes one.
    const key = `_tmp/quarantine-probe-${randomBytes(8).toString('hex')}`;
    if ((await this.#sink.putNew(key, Buffer.from('firn'))) !== 'created')
      throw new SinkOutage(`the store says that ${key} exists, which is a new name`);
    try {
      await this.#sink.remove(key);
    } catch (error) {
      // It was taken, which is the answer. Credentials of an append-only lake may not be allowed to remove anything.
      if (!(error instanceof SinkOutage || error instanceof SinkFault)) throw error;
    }
  }
}
