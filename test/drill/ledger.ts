// What the senders of the drill know: every record that left, and whether its acknowledgement came. Good records by sensor
// and time, refused ones by their bytes. Everything acknowledged must be in the lake once; what was only sent may be.

export class DrillLedger {
  readonly #sent = new Set<string>();
  readonly #acknowledged = new Set<string>();
  readonly #refused = new Set<string>();

  sent(identity: string): void {
    this.#sent.add(identity);
  }

  acknowledged(identity: string): void {
    this.#acknowledged.add(identity);
  }

  /** One that goes to the dead letter; the senders of the drill see to it that its frame is acknowledged in the end. */
  refused(raw: string): void {
    this.#refused.add(raw);
  }

  get sizes(): { sent: number; acknowledged: number; refused: number } {
    return { sent: this.#sent.size, acknowledged: this.#acknowledged.size, refused: this.#refused.size };
  }

  /** What is wrong with a lake that holds these; empty = nothing lost, nothing doubled, nothing made up. */
  compare(good: readonly string[], refused: readonly string[]): string[] {
    return [
      ...faultsOf('record', good, this.#sent, this.#acknowledged),
      ...faultsOf('refused record', refused, this.#refused, this.#refused),
    ];
  }
}

function faultsOf(
  what: string,
  found: readonly string[],
  may: ReadonlySet<string>,
  must: ReadonlySet<string>,
): string[] {
  const there = new Set(found);
  const faults =
    found.length === there.size ? [] : [`${found.length - there.size} lines of a ${what} too many`];
  for (const each of there) if (!may.has(each)) faults.push(`${what} ${each} was never sent`);
  for (const each of must) if (!there.has(each)) faults.push(`${what} ${each} is lost`);
  return faults;
}
