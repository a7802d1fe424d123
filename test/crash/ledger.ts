// What the outside knows: every record that was sent, and whether its acknowledgement arrived. The campaign compares this
// with the lake at the end of each epoch and then forgets it; the engine has no part in it.

/** Records of a frame by their identity: `sensor_id` + `timestamp_utc` for good ones, the exact bytes for refused ones. */
export interface FrameRecords {
  readonly good: readonly string[];
  readonly refused: readonly string[];
}

/** What the lake has got since it was last asked. */
export interface LakeContent {
  /** Identities of accepted records, one for each line. */
  readonly good: readonly string[];
  /** Raw texts of the dead letter, but for those of `crashed`. */
  readonly refused: readonly string[];
  /** Frames that the dead letter holds whole, since the codec died of them (`codec.crash`). */
  readonly crashed: readonly FrameRecords[];
  /** `stop` events: drains that were orderly. */
  readonly stops: number;
}

export interface Totals {
  readonly sent: number;
  readonly acknowledged: number;
  readonly refused: number;
}

export class Ledger {
  readonly #good = new Side('record');
  readonly #refused = new Side('refused record');
  #forgotten: Totals = { sent: 0, acknowledged: 0, refused: 0 };

  sent(frame: FrameRecords): void {
    for (const identity of frame.good) this.#good.sent.add(identity);
    for (const raw of frame.refused) this.#refused.sent.add(raw);
  }

  acknowledged(frame: FrameRecords): void {
    for (const identity of frame.good) this.#good.acknowledged.add(identity);
    for (const raw of frame.refused) this.#refused.acknowledged.add(raw);
  }

  /** Records over all epochs; `sent` and `acknowledged` count refused ones as well. */
  get totals(): Totals {
    return {
      sent: this.#forgotten.sent + this.#good.sent.size + this.#refused.sent.size,
      acknowledged:
        this.#forgotten.acknowledged + this.#good.acknowledged.size + this.#refused.acknowledged.size,
      refused: this.#forgotten.refused + this.#refused.sent.size,
    };
  }

  /** Faults of a lake with this content, as sentences; empty = each record that was acknowledged is there exactly once. */
  compare(found: LakeContent): string[] {
    const crashed = {
      good: found.crashed.flatMap(({ good }) => good),
      refused: found.crashed.flatMap(({ refused }) => refused),
    };
    return [
      ...this.#good.compare([...found.good, ...crashed.good]),
      ...this.#refused.compare([...found.refused, ...crashed.refused]),
    ];
  }

  /** The epoch was judged: only its counts are kept. What of it turns up in the lake later was never sent. */
  forget(): void {
    this.#forgotten = this.totals;
    this.#good.clear();
    this.#refused.clear();
  }
}

class Side {
  readonly what: string;
  readonly sent = new Set<string>();
  readonly acknowledged = new Set<string>();

  constructor(what: string) {
    this.what = what;
  }

  compare(found: readonly string[]): string[] {
    const faults: string[] = [];
    const seen = new Set<string>();
    for (const identity of found) {
      if (seen.has(identity)) faults.push(`${this.what} ${identity} is in the lake twice`);
      if (!this.sent.has(identity))
        faults.push(`${this.what} ${identity} is in the lake and was not sent in this epoch`);
      seen.add(identity);
    }
    for (const identity of this.acknowledged)
      if (!seen.has(identity))
        faults.push(`${this.what} ${identity} was acknowledged and is not in the lake`);
    return faults;
  }

  clear(): void {
    this.sent.clear();
    this.acknowledged.clear();
  }
}
