// What the outside knows: every record that was sent, and whether its acknowledgement arrived. The crash run compares
// this with the lake; the engine has no part in it.

/** Records by their identity (`sensor_id` + `timestamp_utc` for good ones, the exact bytes for refused ones). */
export class Ledger {
  readonly #acknowledged = new Set<string>();
  readonly #sent = new Set<string>();
  readonly #refused = new Set<string>();

  sent(identity: string): void {
    this.#sent.add(identity);
  }

  acknowledged(identity: string): void {
    this.#acknowledged.add(identity);
  }

  refused(raw: string): void {
    this.#refused.add(raw);
  }

  get sizes(): { sent: number; acknowledged: number; refused: number } {
    return { sent: this.#sent.size, acknowledged: this.#acknowledged.size, refused: this.#refused.size };
  }

  /** Faults of a lake that holds `accepted` identities and `deadLetters` raw texts, as sentences; empty = exactly once. */
  compare(accepted: readonly string[], deadLetters: readonly string[]): string[] {
    return [
      ...compareSets('record', this.#sent, this.#acknowledged, accepted),
      ...compareSets('refused record', this.#refused, this.#refused, deadLetters),
    ];
  }
}

function compareSets(
  what: string,
  sent: Set<string>,
  acknowledged: Set<string>,
  found: readonly string[],
): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const identity of found) {
    if (seen.has(identity)) faults.push(`${what} ${identity} is in the lake twice`);
    if (!sent.has(identity)) faults.push(`${what} ${identity} is in the lake and was never sent`);
    seen.add(identity);
  }
  for (const identity of acknowledged) {
    if (!seen.has(identity)) faults.push(`${what} ${identity} was acknowledged and is not in the lake`);
  }
  return faults;
}
