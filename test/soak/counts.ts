// The soak's own ledger, of bounded memory: each sender numbers its records without a gap and says which of them must be
// refused, so that a count and a bit for each record tell whether the lake has each exactly once.

/** Every so many-th record of a sender is one that must be refused. */
const REFUSED_EVERY = 50;

export class Counts {
  readonly #sent = new Map<string, number>();
  #acknowledged = 0;

  /** NDJSON of the next `count` records of `sender`. */
  draw(sender: string, count: number): string {
    let number = this.#sent.get(sender) ?? 0;
    let text = '';
    for (const end = number + count; number < end; number += 1) text += `${recordText(sender, number)}\n`;
    this.#sent.set(sender, number);
    return text;
  }

  acknowledged(count: number): void {
    this.#acknowledged += count;
  }

  get totals(): { sent: number; acknowledged: number } {
    let sent = 0;
    for (const count of this.#sent.values()) sent += count;
    return { sent, acknowledged: this.#acknowledged };
  }

  /** A judge of a lake that everything sent must be in. */
  tally(): Tally {
    return new Tally(this.#sent);
  }
}

function isRefused(number: number): boolean {
  return number % REFUSED_EVERY === REFUSED_EVERY - 1;
}

function recordText(sender: string, number: number): string {
  if (isRefused(number)) return `{"refused":"${sender}","number":${number}}`;
  // The number is the fraction of the timestamp.
  const second = new Date().toISOString().slice(0, 19);
  const timestamp = `${second}.${String(number).padStart(9, '0')}Z`;
  return `{"sensor_id":"${sender}","timestamp_utc":"${timestamp}","temperature_c":${(number % 80) / 10},"zone_id":"SOAK"}`;
}

/** Takes the lake line by line. */
export class Tally {
  readonly #sent: ReadonlyMap<string, number>;
  readonly #seen: Map<string, Uint8Array>;
  readonly #faults: string[] = [];
  #total = 0;

  constructor(sent: ReadonlyMap<string, number>) {
    this.#sent = sent;
    this.#seen = new Map([...sent].map(([sender, count]) => [sender, new Uint8Array((count + 7) >> 3)]));
  }

  /** A line of the record stream. */
  accepted(line: string): void {
    const { sensor_id: sender, timestamp_utc: timestamp } = JSON.parse(line);
    this.#take(sender, Number(/\.(\d{9})Z$/.exec(timestamp)?.[1]), false);
  }

  /** A line of the dead letter. */
  refused(line: string): void {
    const raw = Buffer.from(JSON.parse(line).raw_b64, 'base64').toString();
    const { refused: sender, number } = JSON.parse(raw);
    this.#take(sender, number, true);
  }

  /** Faults as sentences; empty = each record once, where it belongs. */
  faults(): string[] {
    let sent = 0;
    for (const count of this.#sent.values()) sent += count;
    const missing = sent - this.#total;
    return missing === 0
      ? this.#faults
      : [...this.#faults, `${missing} of ${sent} records are not in the lake`];
  }

  #take(sender: string, number: number, refused: boolean): void {
    const seen = this.#seen.get(sender);
    const count = this.#sent.get(sender) ?? 0;
    const what = `record ${number} of ${sender}`;
    if (seen === undefined || !(number < count)) {
      this.#faults.push(`${what} was never sent`);
      return;
    }
    if (isRefused(number) !== refused)
      this.#faults.push(`${what} should ${refused ? 'not ' : ''}be in the dead letter`);
    const bit = 1 << (number & 7);
    const byte = seen[number >> 3] as number;
    if ((byte & bit) !== 0) {
      this.#faults.push(`${what} is in the lake twice`);
      return;
    }
    seen[number >> 3] = byte | bit;
    this.#total += 1;
  }
}
