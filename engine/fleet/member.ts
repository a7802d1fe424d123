// One sensor with its client: hands frames over, counts what became of them. Counts are in records and exact:
// a record is acked when the acknowledgement of its frame came, and `refused` is what the frame's maker knows of it.

import type { ClientOptions, Closed } from '../client/client.ts';
import { FirnClient } from '../client/client.ts';
import type { Histogram } from '../histogram.ts';
import type { Ledger } from './ledger.ts';

/** Counts of a whole fleet. Frames and records; `told` = refusals that the engine told over the sockets. */
export interface Counts {
  sentFrames: number;
  sent: number;
  ackedFrames: number;
  acked: number;
  refused: number;
  told: number;
  reconnects: number;
}

interface Flight {
  readonly records: number;
  /** How many records have to be refused; null = not known (readings of a file). */
  readonly refused: number | null;
  readonly sentMs: number;
  told: number;
}

/** What a member is given to send. */
export interface Outgoing {
  readonly body: string;
  readonly records: number;
  readonly refused: number | null;
  readonly times: readonly (string | null)[] | null;
}

export class Member {
  readonly client: FirnClient;
  readonly #sensorId: string | null;
  readonly #counts: Counts;
  readonly #latency: readonly Histogram[];
  readonly #ledger: Ledger;
  readonly #flights = new Map<number, Flight>();
  #acked = 0;
  /** Frames that were due while the client had no room. */
  owed = 0;

  constructor(
    options: ClientOptions,
    sensorId: string | null,
    counts: Counts,
    latency: readonly Histogram[],
    ledger: Ledger,
    onMoved: (member: Member) => void,
  ) {
    this.client = new FirnClient(options);
    this.#sensorId = sensorId;
    this.#counts = counts;
    this.#latency = latency;
    this.#ledger = ledger;
    this.client.on('open', (hello) => {
      if (this.#flights.size === 0) this.#acked = hello.next;
    });
    this.client.on('ack', (next) => {
      this.#onAck(next);
      onMoved(this);
    });
    this.client.onReject((reject) => {
      const flight = this.#flights.get(reject.frame);
      const told = reject.more ?? 1;
      if (flight !== undefined) flight.told += told;
      counts.told += told;
      ledger.write({
        event: 'rejected',
        session: this.client.session,
        ...reject,
        type: undefined,
        detail: undefined,
      });
    });
    this.client.on('close', (closed: Closed) => {
      if (closed.resumeInMs !== null) counts.reconnects += 1;
      else onMoved(this);
    });
  }

  /** Frames that were sent and not acknowledged. */
  get inFlight(): number {
    return this.#flights.size;
  }

  /** Hands one frame over; the client has room (`client.room`). A failure is seen in `client.error`. */
  send(frame: Outgoing): void {
    const number = this.client.nextFrame as number;
    this.#ledger.write({
      event: 'sent',
      session: this.client.session,
      frame: number,
      records: frame.records,
      sensor_id: this.#sensorId ?? undefined,
      times: frame.times ?? undefined,
    });
    this.#flights.set(number, {
      records: frame.records,
      refused: frame.refused,
      sentMs: performance.now(),
      told: 0,
    });
    this.#counts.sentFrames += 1;
    this.#counts.sent += frame.records;
    this.client.sendFrame(frame.body).catch(() => {});
  }

  #onAck(next: number): void {
    this.#ledger.write({ event: 'acked', session: this.client.session, next });
    const now = performance.now();
    for (; this.#acked < next; this.#acked += 1) {
      const flight = this.#flights.get(this.#acked);
      if (flight === undefined) continue;
      this.#flights.delete(this.#acked);
      this.#counts.ackedFrames += 1;
      this.#counts.acked += flight.records;
      this.#counts.refused += flight.refused ?? flight.told;
      for (const latency of this.#latency) latency.record(now - flight.sentMs);
    }
  }
}
