// One WebSocket of captures. Bodies come one after the other, each into the spool; they are handed over in order, so that
// the last one that is durable says it of all before it. Credit is what the client may send: it is given back as bytes
// leave memory, so the slowest of disk and service sets the pace. What a slow reader has not read is bounded by the
// captures that it may have unfinished.

import type { WebSocket } from 'uWebSockets.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { KIB, MIB } from '../../limits.ts';
import { LedgerAway, type SpooledBody, type Submitted } from '../captures.ts';
import { SpoolFull } from '../spool.ts';
import type { Upload } from '../upload.ts';
import { type EpcisException, exceptionJson } from './exception.ts';
import { shortJobJson } from './job-forms.ts';
import type { Parts, Sender } from './parts.ts';
import { refusalOf, refusedDocument } from './post.ts';
import { type Order, readText, WS_CLOSE, WS_PATH } from './ws-messages.ts';
import { Outbox } from './ws-outbox.ts';

/** Bytes that a client may have under way. */
export const CREDIT_BYTES = MIB;
/** Credit is told in pieces of at least this. */
const CREDIT_STEP_BYTES = 256 * KIB;
/** Captures of one connection that are not done. */
export const MAX_UNFINISHED = 64;
/** How long one question for the end of a job lasts; it is asked again. */
const SETTLE_MS = 60_000;
/** And so much later where the ledger could not tell it. */
const AWAY_MS = 500;

/** What a socket carries: set when it opens. */
export interface SocketData {
  session: CaptureSession;
}

/** Null = a bare event, which has no name. */
type ClientId = string | null;

/** What is taken: an order, or a bare event. */
interface Taken extends Omit<Order, 'id' | 'bytes'> {
  readonly id: ClientId;
  readonly single: boolean;
}

/** The body that is coming: null = it was refused, and its bytes are thrown away. */
interface Incoming {
  readonly into: { readonly upload: Upload; readonly taken: Taken } | null;
  left: number;
}

export class CaptureSession {
  readonly #parts: Parts;
  readonly #sender: Sender;
  #ws: WebSocket<SocketData> | null = null;
  #incoming: Incoming | null = null;
  /** Bytes that the client may still send, and those that have been used up and not given back. */
  #credit = 0;
  #owed = 0;
  /** Bytes that came and are not written yet. */
  #unfinished = 0;
  /** The client's id of the last body that is durable. */
  #lastDurable: ClientId = null;
  /** Hands over one body after the other. */
  #handing: Promise<void> = Promise.resolve();
  #outbox: Outbox<SocketData> | null = null;

  constructor(parts: Parts, sender: Sender) {
    this.#parts = parts;
    this.#sender = sender;
  }

  open(ws: WebSocket<SocketData>): void {
    this.#ws = ws;
    this.#outbox = new Outbox(ws);
    this.#owed = CREDIT_BYTES;
    this.#giveCredit();
  }

  /** The socket is gone: an unfinished body goes, what was handed over is judged all the same. */
  closed(): void {
    this.#ws = null;
    this.#incoming?.into?.upload.abort();
    this.#incoming = null;
    this.#outbox = null;
  }

  message(message: ArrayBuffer, binary: boolean): void {
    if (this.#ws === null) return;
    if (this.#parts.gate.admission.draining) {
      // What is being handed over may still become durable, and the reason has to say so.
      void this.#handing.then(() => this.restart());
      return;
    }
    const bytes = message.byteLength;
    if (binary) {
      this.#bytes(message);
      return;
    }
    if (this.#incoming !== null) {
      this.#breach('a body is under way: send its bytes first');
      return;
    }
    const text = readText(new Uint8Array(message));
    if (text.kind === 'breach') this.#breach(text.why);
    else if (text.kind === 'event') {
      if (!this.#use(bytes)) return;
      this.#begin({ id: null, mediaType: 'application/json', behaviour: 'rollback', single: true }, bytes);
      this.#take(message);
    } else if (text.kind === 'order') {
      const { id, mediaType, behaviour, bytes: announced } = text.order;
      this.#begin({ id, mediaType, behaviour, single: false }, announced);
      if (announced === 0) this.#take(new ArrayBuffer(0));
    } else {
      this.#tell(text.id, { status: text.status, detail: text.why });
      this.#discard(text.bytes);
    }
  }

  /** The client has read: tells what waited. */
  drained(): void {
    this.#outbox?.drained();
  }

  /** Closes a connection that has left something unread for too long. */
  tick(nowMs: number): void {
    if (this.#outbox?.stale(nowMs) !== true) return;
    this.#parts.gate.counters.refused += 1;
    this.#ws?.end(WS_CLOSE.busy, 'answers are not read');
  }

  /** The server goes down: the reason is the client's id of the last durable body, empty where there is none. */
  restart(): void {
    this.#ws?.end(WS_CLOSE.restart, this.#lastDurable ?? '');
  }

  #begin(taken: Taken, bytes: number): void {
    const upload = this.#upload(bytes);
    if ('status' in upload) {
      this.#tell(taken.id, upload);
      this.#discard(bytes);
      return;
    }
    upload.onRoom = () => this.#giveCredit();
    this.#incoming = { into: { upload, taken }, left: bytes };
  }

  #upload(bytes: number): Upload | EpcisException {
    const held = this.#sender.held();
    if (held !== null) return held;
    if (this.#unfinished >= MAX_UNFINISHED) {
      const detail = `At most ${MAX_UNFINISHED} captures of a connection are unfinished: wait for one to be done.`;
      return refusalOf(this.#parts, { kind: 'busy', detail, retrySeconds: 1 });
    }
    const upload = this.#parts.spool.begin(bytes);
    return 'kind' in upload ? refusalOf(this.#parts, upload) : upload;
  }

  /** The bytes of a refused body still come: they are not kept. */
  #discard(bytes: number): void {
    this.#incoming = bytes === 0 ? null : { into: null, left: bytes };
  }

  #bytes(message: ArrayBuffer): void {
    const incoming = this.#incoming;
    if (incoming === null) {
      this.#breach('no capture was announced');
      return;
    }
    if (message.byteLength > incoming.left) {
      this.#breach('more bytes than announced');
      return;
    }
    if (this.#use(message.byteLength)) this.#take(message);
  }

  /** Takes bytes off the credit; over it the connection ends. */
  #use(bytes: number): boolean {
    if (bytes > this.#credit) {
      this.#breach('more bytes than credit');
      return false;
    }
    this.#credit -= bytes;
    this.#owed += bytes;
    return true;
  }

  #take(message: ArrayBuffer): void {
    const incoming = this.#incoming;
    if (incoming === null) return;
    incoming.left -= message.byteLength;
    const { into, left } = incoming;
    if (left === 0) this.#incoming = null;
    if (into !== null) {
      // The bytes are gone when the handler returns.
      const piece = new Uint8Array(message.slice(0));
      if (left === 0) this.#finish(into.taken, into.upload, piece);
      else {
        const refusal = into.upload.write(piece);
        if (refusal !== null) {
          this.#tell(into.taken.id, refusalOf(this.#parts, refusal));
          this.#discard(left);
        }
      }
    }
    this.#giveCredit();
  }

  /** Gives back what was used, unless the disk is behind. In large pieces while a body is under way. */
  #giveCredit(): void {
    if (this.#incoming?.into?.upload.behind === true) return;
    if (this.#owed === 0 || (this.#incoming !== null && this.#owed < CREDIT_STEP_BYTES)) return;
    const bytes = this.#owed;
    this.#owed = 0;
    this.#credit += bytes;
    this.#outbox?.send({ op: 'credit', bytes });
  }

  #finish({ id, ...order }: Taken, upload: Upload, last: Uint8Array): void {
    const { underWay, service } = this.#parts;
    const { principal, gln } = this.#sender;
    this.#unfinished += 1;
    underWay.begin();
    const stored = upload.finish(last);
    // Nobody looks at it until it is its turn.
    stored.catch(() => {});
    this.#handing = this.#handing.then(async () => {
      try {
        const body = await stored;
        if ('kind' in body) this.#over(id, refusalOf(this.#parts, body));
        else this.#submitted(id, body, await service.submit(body, { principal, gln, ...order }));
      } catch (error) {
        this.#failed(id, error);
      } finally {
        underWay.end();
      }
    });
  }

  #submitted(id: ClientId, body: SpooledBody, submitted: Submitted): void {
    if (submitted.kind === 'busy') this.#over(id, refusalOf(this.#parts, submitted));
    else if (submitted.kind === 'refused') {
      this.#sender.refused(1);
      this.#over(id, refusedDocument(this.#parts, body, submitted));
    } else {
      this.#lastDurable = id;
      const replay = submitted.replay ? { replay: true } : {};
      this.#outbox?.send({ op: 'accepted', id, capture: submitted.id, sha256: body.sha256, ...replay });
      void this.#follow(id, submitted);
    }
  }

  /** Tells the end of a job, whenever that is. */
  async #follow(id: ClientId, { id: capture, replay: known }: Submitted & { kind: 'taken' }): Promise<void> {
    while (this.#ws !== null) {
      try {
        const job = await this.#parts.service.settled(capture, SETTLE_MS);
        this.#unfinished -= 1;
        if (!known) this.#sender.refused(job.rejected);
        this.#outbox?.send({ op: 'done', id, ...shortJobJson(job) });
        return;
      } catch (error) {
        if (!(error instanceof LedgerAway)) return this.#failed(id, error);
        // An outage answers at once.
        await sleep(AWAY_MS, undefined, { ref: false });
      }
    }
  }

  #failed(id: ClientId, error: unknown): void {
    if (error instanceof SpoolFull) this.#over(id, refusalOf(this.#parts, error.refusal));
    else if (error instanceof LedgerAway) {
      const detail = 'The ledger cannot be asked now.';
      this.#over(id, refusalOf(this.#parts, { kind: 'busy', detail, retrySeconds: 5 }));
    } else {
      this.#parts.gate.onError(error);
      this.#over(id, { status: 500, detail: 'The engine failed to take this: see its log.' });
    }
  }

  /** A capture has ended with an error. */
  #over(id: ClientId, e: EpcisException): void {
    this.#unfinished -= 1;
    this.#tell(id, e);
  }

  #tell(id: ClientId, e: EpcisException): void {
    this.#parts.gate.counters.refused += 1;
    this.#outbox?.send({ op: 'error', id, problem: exceptionJson(e, WS_PATH) });
  }

  #breach(why: string): void {
    this.#parts.gate.counters.refused += 1;
    this.#ws?.end(WS_CLOSE.policy, why);
  }
}
