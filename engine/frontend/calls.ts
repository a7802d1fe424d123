// `ingest()` from the program that hosts the engine. It never blocks its host: a call that finds no room waits its turn in
// a bounded queue and is refused with EngineBusy when the queue is full or its time is over.

import { EngineBusy } from '../errors.ts';
import { MAX_CALL_WAIT_MS, MAX_WAITING_BYTES, MAX_WAITING_CALLS } from '../limits.ts';
import type { IngestResult } from '../reply.ts';
import { FRAME_MODE, frameBytes } from '../ring/frame.ts';
import type { Intake } from './intake.ts';
import type { Requests } from './requests.ts';
import type { SessionTable } from './sessions.ts';
import { preface, writePreface } from './sources.ts';
import { modeIn, payloadIn, type StreamInfo, type StreamSchemas } from './stream-schemas.ts';

/** The principal of records that come by ingest(). */
export const IN_PROCESS = 'in-process';

export interface CallsOptions {
  readonly streams: ReadonlyMap<string, StreamSchemas>;
  readonly intake: Intake;
  readonly requests: Requests;
  readonly sessions: SessionTable;
  readonly runningMs: () => number;
  readonly maxFrameBytes: number;
}

interface Call {
  readonly stream: StreamInfo;
  readonly body: Uint8Array;
  readonly deadlineMs: number;
  readonly resolve: (result: IngestResult) => void;
  readonly reject: (error: Error) => void;
}

export class Calls {
  readonly #options: CallsOptions;
  readonly #waiting: Call[] = [];
  #waitingBytes = 0;
  #closed = false;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** See `Frontend.ingest`. */
  ingest(name: string, body: Uint8Array, schema?: string): Promise<IngestResult> {
    const { streams, maxFrameBytes, intake } = this.#options;
    const schemas = streams.get(name);
    if (schemas === undefined)
      return Promise.reject(new TypeError(`there is no stream "${name}" in the configuration`));
    const stream = schemas.choose(schema);
    if (stream === null)
      return Promise.reject(new TypeError('a schema is called name/version, such as telemetry/1'));
    if (body.length > maxFrameBytes) {
      return Promise.reject(
        new RangeError(`a frame of ${body.length} bytes is over maxFrameBytes, ${maxFrameBytes}`),
      );
    }
    if (this.#closed) return Promise.reject(new EngineBusy('the engine is shutting down'));
    return new Promise((resolve, reject) => {
      const deadlineMs = intake.monotonicMs() + MAX_CALL_WAIT_MS;
      const call = { stream, body, deadlineMs, resolve, reject };
      if (this.#waiting.length === 0 && this.#publish(call)) return;
      if (this.#waiting.length >= MAX_WAITING_CALLS || this.#waitingBytes + body.length > MAX_WAITING_BYTES) {
        reject(new EngineBusy('too many calls of ingest() wait for room: try again later'));
        return;
      }
      // The caller may use its buffer again as soon as this returns.
      this.#waiting.push({ ...call, body: new Uint8Array(body) });
      this.#waitingBytes += body.length;
    });
  }

  /** Takes in what waits, as far as there is room, and refuses what has waited too long. */
  pump(): void {
    if (this.#waiting.length === 0) return;
    // Asking for the time makes the next turn come: with nothing waiting the loop must be left to sleep.
    if (this.#waiting.length === 0) return;
    const nowMs = this.#options.intake.monotonicMs();
    while (this.#waiting.length > 0) {
      const call = this.#waiting[0] as Call;
      if (!this.#publish(call)) {
        if (nowMs < call.deadlineMs) return;
        call.reject(
          new EngineBusy('there was no room for the frame within the bounded wait: try again later'),
        );
      }
      this.#waiting.shift();
      this.#waitingBytes -= call.body.length;
    }
  }

  /** Takes no further calls; those that wait are still taken in. */
  close(): void {
    this.#closed = true;
  }

  /** Refuses those that wait: nothing is taken in any more. */
  abandon(): void {
    this.#closed = true;
    for (const call of this.#waiting.splice(0)) call.reject(new EngineBusy('the engine has shut down'));
    this.#waitingBytes = 0;
  }

  #publish(call: Call): boolean {
    const { intake, requests, sessions, runningMs } = this.#options;
    const { stream } = call;
    const { name, number } = stream;
    const payload = payloadIn(stream, call.body);
    if (intake.journalFull) return false;
    const before = preface(sessions, IN_PROCESS, name, null);
    if (!intake.tryRoom(before.bytes + frameBytes(payload.length))) return false;
    const source = writePreface(intake, sessions, IN_PROCESS, name, before, runningMs());
    intake.data(modeIn(stream, FRAME_MODE.auto), number, source, 0, requests.add(call.resolve), payload);
    return true;
  }
}
