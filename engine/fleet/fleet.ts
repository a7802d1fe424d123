// A simulated fleet in one process: many sensors, each with a session of its own, paced by one timer for all. What it
// reports is exact: every record handed to a client is counted as sent, and as acked when its acknowledgement came.

import { setTimeout as pause } from 'node:timers/promises';
import type { ClientOptions } from '../client/client.ts';
import { Histogram } from '../histogram.ts';

import { type Ledger, noLedger, openLedger } from './ledger.ts';
import { linesOf } from './lines.ts';
import { type Counts, Member } from './member.ts';
import { Sensor, type Trouble } from './sensor.ts';

export interface FleetOptions {
  readonly url: string;
  readonly stream: string;
  /** Schema of the records; default the stream's own. */
  readonly schema?: string;
  readonly token?: string;
  readonly sensors: number;
  /** Readings per second and sensor; 0 = as fast as acknowledgements come. */
  readonly rate: number;
  readonly recordsPerFrame: number;
  /** How long to send; Infinity with `from` = to the end of the file. */
  readonly seconds: number;
  /** Session and sensor ids are this, a dash and five digits. */
  readonly sessionPrefix: string;
  readonly seed: number;
  readonly trouble: Trouble;
  /** Probability that a sensor drops its connection after a frame. */
  readonly reconnects: number;
  /** NDJSON file whose lines are sent in order instead of simulated readings. */
  readonly from?: string;
  /** File that gets a line for everything sent and acknowledged. */
  readonly ledger?: string;
  /** Longest wait for an engine that cannot be reached, in milliseconds. */
  readonly giveUpMs: number;
  /** Longest wait for what is in flight at the end, and after an abort, in milliseconds. */
  readonly drainMs: number;
  readonly abortDrainMs: number;
}

/** Where a fleet stands. Latencies in milliseconds, of the time since the last report. */
export interface FleetProgress extends Counts {
  readonly seconds: number;
  readonly connected: number;
  readonly ackMsP50: number;
  readonly ackMsP99: number;
}

/** What came of a run. Latencies of the whole run. */
export interface FleetResult extends FleetProgress {
  readonly sensors: number;
  /** Acknowledged and not refused. */
  readonly accepted: number;
  /** Sent and not acknowledged: records, and in how many sessions. */
  readonly missing: number;
  readonly missingSessions: number;
  /** Frames that were due and never sent, because acknowledgements came too slowly. */
  readonly owedFrames: number;
  /** The first reason for which a client stopped. */
  readonly error: string | null;
}

/** All sensors share it. */
const TICK_MS = 5;
/** Connections that are being opened at once. */
const OPENING = 64;
/** Frames a sensor keeps unacknowledged before it falls behind. */
const PENDING_FRAMES = 64;

export class Fleet {
  readonly #options: FleetOptions;
  readonly #signal: AbortSignal;
  readonly #counts: Counts = {
    sentFrames: 0,
    sent: 0,
    ackedFrames: 0,
    acked: 0,
    refused: 0,
    told: 0,
    reconnects: 0,
  };
  readonly #whole = new Histogram();
  readonly #recent = new Histogram();
  readonly #ledger: Ledger;
  readonly #sensors: Sensor[] = [];
  readonly #members: Member[] = [];
  #startMs = 0;
  #sending = false;
  #wake: () => void = () => {};

  constructor(options: FleetOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#ledger = options.ledger === undefined ? noLedger : openLedger(options.ledger);
    for (let i = 0; i < options.sensors; i += 1) this.#members.push(this.#member(i));
    signal.addEventListener('abort', () => this.#onAbort(), { once: true });
  }

  /** Connects, sends, waits for the acknowledgements, closes. Never rejects for what the engine does. */
  async run(): Promise<FleetResult> {
    this.#startMs = performance.now();
    try {
      await this.#connect();
      this.#startMs = performance.now();
      if (this.#options.from === undefined) await this.#simulate();
      else await this.#replay(this.#options.from);
      await this.#drain();
    } finally {
      this.#sending = false;
      await Promise.all(this.#members.map((member) => member.client.stop()));
      this.#ledger.close();
    }
    return this.#result();
  }

  /** Where it stands; the latencies are those since the last call. */
  progress(): FleetProgress {
    this.#ledger.flush();
    const progress = {
      ...this.#counts,
      seconds: this.#seconds(),
      connected: this.#members.filter((member) => member.client.connected).length,
      ackMsP50: this.#recent.p50,
      ackMsP99: this.#recent.p99,
    };
    this.#recent.reset();
    return progress;
  }

  #member(index: number): Member {
    const { url, stream, schema, token, sessionPrefix, seed, trouble, giveUpMs, from } = this.#options;
    const session = `${sessionPrefix}-${String(index).padStart(5, '0')}`;
    const client: ClientOptions = {
      url,
      stream,
      session,
      giveUpMs,
      maxPendingFrames: PENDING_FRAMES,
      ...(schema === undefined ? {} : { schema }),
      ...(token === undefined ? {} : { token }),
    };
    this.#sensors.push(new Sensor(session, index, seed, trouble));
    const sensorId = from === undefined ? session : null;
    const latency = [this.#whole, this.#recent];
    return new Member(client, sensorId, this.#counts, latency, this.#ledger, () => {
      this.#catchUp(index);
      this.#wake();
    });
  }

  async #connect(): Promise<void> {
    const waiting = this.#members.values();
    const open = async (): Promise<void> => {
      for (const member of waiting) {
        if (this.#signal.aborted) return;
        await member.client.connect().catch(() => {});
      }
    };
    await Promise.all(Array.from({ length: OPENING }, open));
  }

  /** Ctrl-C: no more frames; who is not connected and owes nothing is not waited for. */
  #onAbort(): void {
    this.#sending = false;
    for (const { client, inFlight } of this.#members)
      if (!client.connected && inFlight === 0) void client.stop();
    this.#wake();
  }

  /** Frame j of the run belongs to sensor j mod N and is due at j · (time between two frames of the fleet). */
  async #simulate(): Promise<void> {
    const { sensors, rate, recordsPerFrame, seconds } = this.#options;
    const framesPerMs = (sensors * rate) / recordsPerFrame / 1000;
    const frames = rate === 0 ? 0 : Math.floor(seconds * 1000 * framesPerMs);
    this.#sending = true;
    if (rate === 0) {
      for (const [index, member] of this.#members.entries()) {
        member.owed = Number.POSITIVE_INFINITY;
        this.#catchUp(index);
      }
    }
    for (let due = 0; (rate === 0 ? this.#seconds() < seconds : due < frames) && !this.#over(); ) {
      await pause(TICK_MS);
      if (this.#over()) break;
      const until = Math.min(frames, Math.floor(this.#seconds() * 1000 * framesPerMs));
      for (; due < until; due += 1) {
        const index = due % sensors;
        (this.#members[index] as Member).owed += 1;
        this.#catchUp(index);
      }
    }
    this.#sending = false;
  }

  /** Sends what a sensor owes, as far as its client has room. */
  #catchUp(index: number): void {
    const member = this.#members[index] as Member;
    const sensor = this.#sensors[index] as Sensor;
    const { recordsPerFrame, rate, reconnects } = this.#options;
    while (this.#sending && member.owed > 0 && member.client.room) {
      member.owed -= 1;
      member.send(sensor.frame(recordsPerFrame, Date.now(), rate === 0 ? 1 : 1000 / rate));
      if (sensor.chance(reconnects)) member.client.reconnect();
    }
  }

  async #replay(path: string): Promise<void> {
    const { sensors, rate, recordsPerFrame, seconds, reconnects } = this.#options;
    let frames = 0;
    for await (const lines of linesOf(path, recordsPerFrame)) {
      const member = this.#members[frames % sensors] as Member;
      const dueMs = rate === 0 ? 0 : (Math.floor(frames / sensors) * recordsPerFrame * 1000) / rate;
      while (this.#seconds() * 1000 < dueMs && !this.#over()) await pause(TICK_MS);
      while (!member.client.room && member.client.error === null && !this.#over()) await this.#moved();
      if (this.#over() || this.#seconds() >= seconds || member.client.error !== null) return;
      member.send({ body: lines.join('\n'), records: lines.length, refused: null, times: null });
      frames += 1;
      if ((this.#sensors[0] as Sensor).chance(reconnects)) member.client.reconnect();
    }
  }

  /** True when there is nothing more to do but to count. */
  #over(): boolean {
    return this.#signal.aborted || this.#members.every((member) => member.client.error !== null);
  }

  /** Resolves when an acknowledgement came, a client stopped or the run was aborted. */
  #moved(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #drain(): Promise<void> {
    const end = new AbortController();
    const closed = Promise.all(this.#members.map((member) => member.client.close().catch(() => {})));
    await Promise.race([closed, this.#drainLimit(end.signal)]);
    end.abort();
  }

  async #drainLimit(end: AbortSignal): Promise<void> {
    const { drainMs, abortDrainMs } = this.#options;
    if (!this.#signal.aborted) {
      await pause(drainMs, undefined, { signal: AbortSignal.any([this.#signal, end]) }).catch(() => {});
    }
    if (this.#signal.aborted && !end.aborted)
      await pause(abortDrainMs, undefined, { signal: end }).catch(() => {});
  }

  #seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  #result(): FleetResult {
    const { sent, acked, refused } = this.#counts;
    const errors = this.#members.flatMap((member) => member.client.error ?? []);
    const owed = this.#members.reduce((sum, member) => sum + member.owed, 0);
    return {
      ...this.progress(),
      sensors: this.#options.sensors,
      ackMsP50: this.#whole.p50,
      ackMsP99: this.#whole.p99,
      accepted: acked - refused,
      missing: sent - acked,
      missingSessions: this.#members.filter((member) => member.inFlight > 0).length,
      owedFrames: Number.isFinite(owed) ? owed : 0,
      error: errors.find((error) => error.code !== 'client.closed')?.message ?? null,
    };
  }
}
