// From durable slabs to answers: walks frame headers and reject summaries, tells each connection its rejects and then one
// cumulative acknowledgement, and settles requests. Only durable slabs get here, so no answer can come before the fsync.
// A client that does not read costs at most MAX_UNREAD_BYTES and one burst: its acks are merged, its rejects counted.

import { codeName } from '../codes.ts';
import type { Histogram } from '../histogram.ts';
import { KIB, MAX_REJECTS_TOLD, MAX_UNREAD_BYTES } from '../limits.ts';
import type { RecordError } from '../reply.ts';
import type { DurableSlab, RingConsumer } from '../ring/consumer.ts';
import { FRAME, FRAME_HEADER_BYTES, FRAME_KIND, frameBytes } from '../ring/frame.ts';
import { REJECT_BYTES } from '../ring/layout.ts';
import { describe } from '../schema/describe.ts';
import type { Table } from '../schema/table.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Counters } from './counters.ts';
import { type Intake, NO_SLOT } from './intake.ts';
import type { Quotas } from './refusals.ts';
import { FIRST_REQUEST, type Requests } from './requests.ts';
import type { WindowGauge } from './window.ts';

/** Rejects are sent on in pieces of about this size. */
const OUTBOX_BYTES = 16 * KIB;
/** Connections woken from a window of 0 in one walk. */
const WAKE_AT_ONCE = 1000;

export interface AcksOptions {
  readonly consumer: RingConsumer;
  readonly connections: Connections;
  readonly requests: Requests;
  readonly intake: Intake;
  readonly gauge: WindowGauge;
  readonly quotas: Quotas;
  readonly counters: Counters;
  readonly latency: Histogram;
  readonly tableOf: (stream: number) => Table | null;
}

export class Acks {
  readonly #options: AcksOptions;
  readonly #touched: Connection[] = [];
  #wallMs = 0;

  constructor(options: AcksOptions) {
    this.#options = options;
  }

  /** Answers everything that has become durable and gives its slabs back. */
  walk(): void {
    const { consumer, gauge, connections } = this.#options;
    if (consumer.release(this.#visit) === 0) return;
    gauge.update();
    // A connection that closes here may settle another, but none is added: only the walk above touches.
    for (const c of this.#touched) {
      c.touched = false;
      this.tell(c);
      if (c.durable === c.received) connections.settled(c);
    }
    this.#touched.length = 0;
    connections.wake(WAKE_AT_ONCE);
  }

  /** Sends what the connection is owed, unless too much lies unread: then rejects are counted and the ack waits. */
  tell(c: Connection): void {
    const ws = c.ws;
    if (ws === null || !c.ready) return;
    if (ws.getBufferedAmount() > MAX_UNREAD_BYTES) return;
    const frames = this.#options.gauge.window;
    const windowed = frames !== c.announced;
    const ack = c.durable > c.acked;
    c.acked = c.durable;
    if (c.outbox.length === 0 && c.dropped === 0 && !windowed) {
      if (ack) ws.send(`{"type":"ack","next":${c.acked}}`);
      return;
    }
    ws.cork(() => {
      this.#flushRejects(c);
      if (ack) ws.send(`{"type":"ack","next":${c.acked}}`);
      if (windowed) ws.send(this.#options.connections.windowMessage(c, frames));
    });
  }

  readonly #visit = (slab: DurableSlab): void => {
    const { view } = slab;
    const { counters, latency, intake } = this.#options;
    this.#wallMs = intake.wallMs();
    let at = slab.input;
    let reject = slab.rejects;
    const rejectsEnd = reject + REJECT_BYTES * slab.rejectCount;
    for (let index = 0; index < slab.frames; index++) {
      const firstReject = reject;
      while (reject < rejectsEnd && view.getUint32(reject, true) === index) reject += REJECT_BYTES;
      const kind = view.getUint8(at + FRAME.kind);
      if (kind === FRAME_KIND.data) {
        const rejected = view.getUint32(at + FRAME.rejected, true);
        const accepted = view.getUint32(at + FRAME.accepted, true);
        counters.accepted += accepted;
        counters.rejected += rejected;
        const slot = view.getUint32(at + FRAME.slot, true);
        if (this.#options.requests.isTimed(slot))
          latency.record(this.#wallMs - view.getFloat64(at + FRAME.receivedMs, true));
        if (slot >= FIRST_REQUEST) this.#settle(slab, at, slot, accepted, rejected, firstReject, reject);
        else this.#advance(slab, at, slot, rejected, firstReject, reject);
      } else {
        const slot = view.getUint32(at + FRAME.slot, true);
        if (slot !== NO_SLOT)
          this.#options.requests.settle(slot, { accepted: 0, rejected: 0, errors: [], more: 0 }, 0);
      }
      at += frameBytes(view.getUint32(at + FRAME.bytes, true));
    }
    this.#options.gauge.note(at - slab.input, slab.frames);
  };

  /** A frame of a connection is durable. */
  #advance(slab: DurableSlab, at: number, slot: number, rejected: number, from: number, to: number): void {
    const c = this.#options.connections.bySlot(slot);
    if (c === null) return;
    const frame = slab.view.getFloat64(at + FRAME.frame, true);
    c.durable = frame + 1;
    if (c.row !== null) c.row.next = c.durable;
    if (rejected > 0) {
      const { quotas, intake } = this.#options;
      quotas.refused(c.quota, rejected, intake.monotonicMs(), this.#wallMs);
      if (c.ws !== null) this.#queueRejects(c, slab, at, frame, rejected, from, to);
    }
    if (c.touched) return;
    c.touched = true;
    this.#touched.push(c);
  }

  #queueRejects(
    c: Connection,
    slab: DurableSlab,
    at: number,
    frame: number,
    rejected: number,
    from: number,
    to: number,
  ): void {
    if (c.outboxBytes > OUTBOX_BYTES) c.ws?.cork(() => this.#flushRejects(c));
    if ((c.ws?.getBufferedAmount() ?? 0) > MAX_UNREAD_BYTES) {
      c.dropped += rejected;
      c.droppedFrame = frame;
      return;
    }
    const errors = this.#errors(slab, at, from, to);
    for (const { record, code, detail } of errors) {
      this.#queue(
        c,
        `{"type":"reject","frame":${frame},"record":${record},"code":"${code}","detail":${JSON.stringify(detail)}}`,
      );
    }
    const more = rejected - errors.length;
    if (more > 0) this.#queue(c, `{"type":"reject","frame":${frame},"more":${more}}`);
  }

  #queue(c: Connection, message: string): void {
    c.outbox.push(message);
    c.outboxBytes += message.length;
  }

  /** Sends queued rejects; what was dropped before is told as a number. Corked by the caller. */
  #flushRejects(c: Connection): void {
    const ws = c.ws;
    if (ws === null) return;
    if (c.dropped > 0) {
      ws.send(`{"type":"reject","frame":${c.droppedFrame},"more":${c.dropped}}`);
      c.dropped = 0;
    }
    for (const message of c.outbox) ws.send(message);
    c.outbox.length = 0;
    c.outboxBytes = 0;
  }

  /** The frame of a request is durable. */
  #settle(
    slab: DurableSlab,
    at: number,
    slot: number,
    accepted: number,
    rejected: number,
    from: number,
    to: number,
  ): void {
    const errors = this.#errors(slab, at, from, to);
    const refusal = slab.view.getUint32(at + FRAME.refusal, true);
    this.#options.requests.settle(
      slot,
      { accepted, rejected, errors, more: rejected - errors.length },
      refusal,
    );
  }

  /** The rejects of one frame, with sentences, at most MAX_REJECTS_TOLD. */
  #errors(slab: DurableSlab, at: number, from: number, to: number): RecordError[] {
    const { view, bytes } = slab;
    const errors: RecordError[] = [];
    if (from === to) return errors;
    const table = this.#options.tableOf(view.getUint32(at + FRAME.stream, true));
    const payload = at + FRAME_HEADER_BYTES;
    const frame = bytes.subarray(payload, payload + view.getUint32(at + FRAME.bytes, true));
    const end = Math.min(to, from + MAX_REJECTS_TOLD * REJECT_BYTES);
    for (let reject = from; reject < end; reject += REJECT_BYTES) {
      const code = view.getUint16(reject + 8, true);
      const field = view.getUint16(reject + 10, true);
      const { detail } = describe(code, field, table, frame, view.getUint32(reject + 12, true));
      errors.push({ record: view.getUint32(reject + 4, true), code: codeName(code), detail });
    }
    return errors;
  }
}
