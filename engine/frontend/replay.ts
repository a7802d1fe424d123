// `POST /v1/streams/{stream}/replay`: refused records on the normal way once more, as frames that keep the time of their
// first arrival. A request is one slab, and so one group of the journal: the audit event that says who and why, a key for
// each record and the records are durable together or not at all. A retry finds the keys and replays nothing twice.

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { KeyEntry } from '../journal/entry.ts';
import { replaySession } from '../reference.ts';
import { httpReply, type IngestResult } from '../reply.ts';
import { FRAME_KIND, frameBytes } from '../ring/frame.ts';
import type { Admission, Sender } from './admission.ts';
import type { BodyBudget } from './body.ts';
import type { Counters } from './counters.ts';
import type { Events } from './events.ts';
import { modeOf } from './headers.ts';
import { controlPayload, type Intake } from './intake.ts';
import { type KeyRow, type KeyTable, REPLAYS } from './keys.ts';
import { answerProblem, busy, type Problem, problem } from './problem.ts';
import { type Reply, readBody } from './read-body.ts';
import { ReplayJob } from './replay-job.ts';
import { frameOf, type ReplayRecord, readOrder } from './replay-order.ts';
import type { Requests } from './requests.ts';
import type { SessionTable } from './sessions.ts';
import { modeIn, payloadIn } from './stream-schemas.ts';

/** What stands round the records in a body. */
const BODY_EXTRA_BYTES = 32 * 1024;
const FULL = 'There is no room for more records now: send the same request again after a moment.';

export interface ReplaysOptions {
  readonly admission: Admission;
  readonly intake: Intake;
  readonly requests: Requests;
  readonly sessions: SessionTable;
  readonly keys: KeyTable;
  readonly events: Events;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly runningMs: () => number;
  readonly maxFrameBytes: number;
  readonly slabBytes: number;
  readonly bodies: BodyBudget;
}

/** One record that goes into the ring. */
interface Outgoing {
  readonly record: ReplayRecord;
  readonly mode: number;
  readonly bytes: Uint8Array;
  readonly key: KeyEntry;
  readonly keyPayload: Uint8Array;
}

export class Replays {
  readonly #options: ReplaysOptions;

  constructor(options: ReplaysOptions) {
    this.#options = options;
  }

  handle(res: HttpResponse, req: HttpRequest): void {
    const sender = this.#head(res, req);
    if ('status' in sender) {
      this.#options.counters.refused += 1;
      answerProblem(res, sender);
      return;
    }
    // Base64 is a third longer than what it holds.
    const maxBytes = Math.ceil((this.#options.maxFrameBytes * 4) / 3) + BODY_EXTRA_BYTES;
    readBody(res, req, this.#options.bodies, maxBytes, (body, reply) => {
      const why = this.#take(body, sender, reply);
      if (why === null) return;
      this.#options.counters.refused += 1;
      reply.refuse(why);
    });
  }

  #head(res: HttpResponse, req: HttpRequest): Sender | Problem {
    const { admission, intake } = this.#options;
    const sender = admission.admit(res, req, req.getParameter(0) ?? '');
    if ('status' in sender) return sender;
    if (!sender.principal.replay) return noRight();
    const limited = admission.rate(sender.quota, intake.monotonicMs());
    if (limited !== null) return limited;
    if (modeOf(req.getHeader('content-type')) === null)
      return problem(
        415,
        'body.type',
        'Send application/x-ndjson: a first line, and a line for each record.',
      );
    return intake.journalFull ? busy('engine.full', FULL) : sender;
  }

  /** Puts the request into the ring; else says why not, and nothing of it has been kept. */
  #take(body: Uint8Array, sender: Sender, reply: Reply): Problem | null {
    const { admission, clock, maxFrameBytes, slabBytes, keys } = this.#options;
    if (admission.draining)
      return busy('engine.draining', 'The engine is shutting down: connect again in a moment.', 5);
    const order = readOrder(body, sender.stream.name, clock.wallMs());
    if (typeof order === 'string') return problem(400, 'replay.order', order);
    const fresh: Outgoing[] = [];
    const known: KeyRow[] = [];
    const job = new ReplayJob(sender, order, reply);
    for (const record of order.records) {
      const { key, keyPayload } = keyOf(job, record);
      const state = keys.state(key.principal, key.stream, key.key);
      if (state === undefined) {
        const { mode, bytes } = frameOf(record.code, record.raw);
        const { stream } = sender;
        fresh.push({ record, mode: modeIn(stream, mode), bytes: payloadIn(stream, bytes), key, keyPayload });
      } else if (state === 'pending') {
        const detail = `Record ${record.line} is being replayed: send the same request again after a moment.`;
        return problem(409, 'replay.pending', detail, ['Retry-After', '1']);
      } else if (state.hash !== key.hash) {
        return problem(422, 'replay.bytes', `Record ${record.line} was replayed with other bytes.`);
      } else {
        known.push(state);
        job.note(record.line, JSON.parse(state.body) as IngestResult, true);
      }
      if (record.raw.length > maxFrameBytes) {
        const detail = `Record ${record.line} has ${record.raw.length} bytes, over limits.maxFrameBytes, ${maxFrameBytes}: raise that to replay it.`;
        return problem(413, 'replay.record-too-large', detail);
      }
    }
    return this.#write(job, fresh, known, slabBytes);
  }

  #write(
    job: ReplayJob,
    fresh: readonly Outgoing[],
    known: readonly KeyRow[],
    slabBytes: number,
  ): Problem | null {
    const { intake, sessions, requests, counters, clock, runningMs } = this.#options;
    const { principal, stream, order } = job;
    const session = replaySession(order.object);
    const row = sessions.find(principal.name, stream.name, session);
    const source = {
      no: row?.no ?? sessions.nextSource,
      principal: principal.name,
      stream: stream.name,
      session,
      named: false,
    };
    const controls: { kind: number; payload: Uint8Array }[] = [];
    if (fresh.length > 0) {
      if (row === undefined) controls.push({ kind: FRAME_KIND.source, payload: controlPayload(source) });
      const event = job.begun(
        clock,
        fresh.map(({ record, key }) => ({ ...record, sha256: key.hash })),
      );
      controls.push({ kind: FRAME_KIND.audit, payload: controlPayload(event) });
    }
    const repeated = controlPayload({ records: known.reduce((sum, { records }) => sum + records, 0) });
    const bytes =
      controls.reduce((sum, { payload }) => sum + frameBytes(payload.length), 0) +
      fresh.reduce((sum, out) => sum + frameBytes(out.keyPayload.length) + frameBytes(out.bytes.length), 0) +
      (known.length > 0 ? frameBytes(repeated.length) : 0);
    if (bytes > slabBytes)
      return problem(
        413,
        'replay.too-large',
        'These records do not fit one slab together: send fewer at once.',
      );
    const begun = this.#reserve(job, fresh, row === undefined && fresh.length > 0, bytes);
    if (begun !== null) return begun;
    if (fresh.length > 0) {
      const own = row ?? sessions.adopt(principal.name, stream.name, session, false, runningMs());
      sessions.joined(own);
      sessions.left(own, runningMs());
    }
    for (const { kind, payload } of controls) intake.control(kind, payload);
    job.waiting = fresh.length + (known.length > 0 ? 1 : 0);
    for (const out of fresh) {
      intake.control(FRAME_KIND.key, out.keyPayload);
      const slot = requests.add((result, refusal) => this.#durable(job, out, result, refusal), false);
      const { line, receivedMs } = out.record;
      intake.data(out.mode, stream.number, source.no, line, slot, out.bytes, receivedMs);
    }
    if (known.length > 0) {
      const slot = requests.add(() => {
        counters.duplicate += known.reduce((sum, { records }) => sum + records, 0);
        job.settled(this.#options);
      });
      intake.control(FRAME_KIND.duplicate, repeated, slot);
    }
    return null;
  }

  /** Places in the tables and room in the ring: all of them, or none and the reason. */
  #reserve(job: ReplayJob, fresh: readonly Outgoing[], newSession: boolean, bytes: number): Problem | null {
    const { keys, sessions, intake } = this.#options;
    const principal = job.principal.name;
    if (newSession && !sessions.claim(principal))
      return busy('session.table', 'The table of sessions is full for this credential: try later.', 60);
    const begun: KeyEntry[] = [];
    let why: Problem | null = null;
    for (const { key } of fresh) {
      if (keys.begin(key.principal, key.stream, key.key)) begun.push(key);
      else {
        why = busy('key.table', 'The table of Idempotency-Keys is full for this credential: try later.', 60);
        break;
      }
    }
    if (why === null && !intake.room(bytes)) why = busy('engine.full', FULL);
    if (why === null) return null;
    for (const { principal: of, stream, key } of begun) keys.cancel(of, stream, key);
    if (newSession) sessions.unclaim(principal);
    return why;
  }

  #durable(job: ReplayJob, { key: entry, record }: Outgoing, result: IngestResult, refusal: number): void {
    const { keys, runningMs } = this.#options;
    const { principal, stream, key, hash } = entry;
    const { status, body } = httpReply(result, refusal, false);
    const records = result.accepted + result.rejected;
    keys.finish({ principal, stream, key, hash, status, body, records, createdMs: runningMs() });
    job.note(record.line, result, false);
    job.settled(this.#options);
  }
}

/** What a token without the right is told. */
export function noRight(): Problem {
  const detail =
    'This token may not replay: give it "replay": true in the configuration, or use another one.';
  return problem(403, 'access.replay', detail);
}

/**
 * The Idempotency-Key of a record's replay: the same for every retry by whomever, another one for each time that it is
 * wanted again.
 */
function keyOf({ stream, order }: ReplayJob, record: ReplayRecord): Pick<Outgoing, 'key' | 'keyPayload'> {
  const { object, again } = order;
  const key: KeyEntry = {
    principal: REPLAYS,
    stream: stream.name,
    key: `replay:${object.root}_${object.firstSeq}:${record.line}${again === 0 ? '' : `:${again}`}`,
    hash: createHash('sha256').update(record.raw).digest('hex'),
    json: false,
  };
  return { key, keyPayload: controlPayload(key) };
}
