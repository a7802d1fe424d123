// The opening of the lake: what must have succeeded in each run before anything else is sent there. In this order:
//
//   meet    probe → comparison with the local log → policy
//   fill    objects in quarantine → objects that the lake lost → audit events
//
// What fails is tried again from the comparison on, since another engine may have written there meanwhile. Until it has
// succeeded the lake's size counts as 0, so that nothing leaves the outbox.

import { atMost } from '../at-most.ts';
import type { AuditDetails } from '../audit.ts';
import { ConfigError, FatalError } from '../errors.ts';
import { type Sink, type SinkFault, SinkOutage, type StoreProbe } from '../sink/sink.ts';
import { compareWithLake } from './identity.ts';
import type { SigningKey } from './key.ts';
import { putPolicy } from './lake-files.ts';
import type { SealLog } from './log.ts';
import { isOfStore, type ObjectSender } from './object-sender.ts';
import type { PublishedLog } from './published-log.ts';

/** A start waits no longer for a lake that it can do without: a store that drops packets takes minutes to fail. */
const PATIENCE_MS = 10_000;

export interface LakeOpeningOptions {
  readonly sink: Sink;
  /** Name of the log. */
  readonly engine: string;
  readonly key: SigningKey;
  readonly log: SealLog;
  /** The lake's folder or address, for audit events. */
  readonly lake: string;
  readonly audit: (action: string, target: string, details: AuditDetails) => void;
}

/** What fills the lake: there once the stage has recovered. */
export interface Fillers {
  readonly sender: ObjectSender;
  readonly published: PublishedLog;
}

export class LakeOpening {
  readonly #options: LakeOpeningOptions;
  #probe: StoreProbe | null = null;
  /** Seals in the lake as the newest comparison found it; null before it, and when something has failed since. */
  #met: number | null = null;
  /** The lake had no policy of this log when it was first asked. */
  #unknown = false;
  #opened = false;
  #meeting: Promise<void> | null = null;
  #opening: Promise<void> | null = null;

  constructor(options: LakeOpeningOptions) {
    this.#options = options;
  }

  get opened(): boolean {
    return this.#opened;
  }

  /** Seals that the lake's checkpoint covers; 0 while that is not known. */
  get lakeSize(): number {
    return this.#met ?? 0;
  }

  /**
   * The first half. A call joins one that is under way.
   * @throws ConfigError when lake and log do not fit together or the store cannot be a lake; SinkOutage, SinkFault
   */
  meet(): Promise<void> {
    this.#meeting ??= this.#meet().finally(() => {
      this.#meeting = null;
    });
    return this.#meeting;
  }

  /**
   * All of it, or what is left. A call joins one that is under way.
   * @throws as `meet`; FatalError when the lake holds other bytes under a name of ours, or a file in quarantine is damaged
   */
  open(fillers: Fillers): Promise<void> {
    this.#opening ??= this.#open(fillers).finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** `open` for an engine that runs: a lake that is not its own has become a fault, and the next start says which. */
  async openLate(fillers: Fillers): Promise<void> {
    try {
      await this.open(fillers);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new FatalError(`fenced off, nothing more is published: ${error.message}`, { cause: error });
    }
  }

  async #meet(): Promise<void> {
    const { sink, engine, key, log } = this.#options;
    this.#probe ??= await sink.probe();
    const { size } = await compareWithLake(sink, { engine, key }, log);
    // The first answer counts: a later attempt finds the policy that this one puts.
    if (!(await putPolicy(sink, engine, key.publicKey))) this.#unknown = true;
    this.#met = size;
  }

  async #open({ sender, published }: Fillers): Promise<void> {
    if (this.#opened) return;
    if (this.#met === null) await this.meet();
    const size = this.lakeSize;
    try {
      await sender.resend(true);
      await sender.republish(size);
    } catch (error) {
      this.#met = null;
      throw error;
    }
    published.found(size);
    this.#opened = true;
    this.#tell(size);
  }

  #tell(size: number): void {
    const { lake, log, audit } = this.#options;
    audit('store.probe', lake, { new: { ...this.#probe } });
    if (!this.#unknown || log.size === 0) return;
    audit('lake.lost', lake, {
      old: { seals: log.size },
      new: { seals: size },
      reason:
        'the lake holds nothing of this log: is it the right folder, and mounted? The log is published again; objects that left the outbox are missing',
    });
  }
}

/**
 * Waits for a step of the opening at a start. `needed`: however long it takes, and whatever it throws is thrown.
 * @returns null, or why the start goes on without the lake; the step may then still be under way
 */
export async function attempt(step: Promise<void>, needed: boolean): Promise<SinkOutage | SinkFault | null> {
  const done = step.then(() => null);
  if (needed) return done;
  const late = new SinkOutage(
    `the lake was not opened within ${PATIENCE_MS / 1000} s: it does not answer, or much is put there again`,
  );
  try {
    return await atMost(done, PATIENCE_MS, late);
  } catch (error) {
    if (!isOfStore(error)) throw error;
    return error;
  }
}
