// `POST /v1/streams/{stream}/records` (DESIGN: HTTP). What can be refused is refused before the body is read; the answer
// to what is taken goes out after the fsync. An Idempotency-Key travels directly before its frame in the same slab, so key
// and records are durable together or not at all.

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { createHash } from 'node:crypto';
import type { KeyEntry } from '../journal/entry.ts';
import { httpReply, type IngestResult } from '../reply.ts';
import { FRAME_KIND, FRAME_MODE, frameBytes } from '../ring/frame.ts';
import type { Admission, Sender } from './admission.ts';
import { Body, type BodyBudget } from './body.ts';
import type { Counters } from './counters.ts';
import { idempotencyKey, modeOf } from './headers.ts';
import { controlPayload, type Intake } from './intake.ts';
import type { KeyRow, KeyTable } from './keys.ts';
import { answer, answerProblem, busy, type Problem, problem } from './problem.ts';
import type { Quotas } from './refusals.ts';
import type { Requests } from './requests.ts';
import type { SessionTable } from './sessions.ts';
import { preface, writePreface } from './sources.ts';
import { modeIn, payloadIn } from './stream-schemas.ts';

/** A refused body longer than this is not read away: the connection ends instead. */
const MAX_DISCARD_BYTES = 16 * 1024 * 1024;

export interface PostsOptions {
  readonly admission: Admission;
  readonly intake: Intake;
  readonly requests: Requests;
  readonly sessions: SessionTable;
  readonly keys: KeyTable;
  readonly quotas: Quotas;
  readonly counters: Counters;
  readonly runningMs: () => number;
  readonly maxFrameBytes: number;
  readonly bodies: BodyBudget;
}

/** A request whose head was fine. */
interface Post extends Sender {
  readonly res: HttpResponse;
  readonly mode: number;
  readonly key: string | null;
  /** True once it was answered or its client has gone: `res` is dead then. */
  over: boolean;
}

const NO_BODY = new Uint8Array(0);
const FULL = 'There is no room for more records now: send the same request again after a moment.';

export class Posts {
  readonly #options: PostsOptions;

  constructor(options: PostsOptions) {
    this.#options = options;
  }

  handle(res: HttpResponse, req: HttpRequest): void {
    const declared = req.getHeader('content-length');
    const length = Number(declared || '0');
    const post = this.#head(res, req, length);
    if ('status' in post) {
      this.#options.counters.refused += 1;
      answerProblem(res, post, { close: length > MAX_DISCARD_BYTES });
      return;
    }
    const body = new Body(this.#options.bodies, this.#options.maxFrameBytes);
    res.onAborted(() => {
      post.over = true;
      body.drop();
    });
    // uWebSockets.js never calls onData for an announced length of 0 when the head came in several pieces.
    if (declared !== '' && length === 0) {
      this.#take(post, NO_BODY);
      return;
    }
    res.onData((chunk, last) => {
      if (post.over) return;
      if (!last) {
        const kept = body.add(chunk);
        if (kept === 'kept') return;
        body.drop();
        this.#refuse(post, kept === 'too-large' ? this.#tooLarge() : bodiesFull());
        return;
      }
      const whole = body.whole(chunk);
      body.drop();
      if (whole === 'too-large') this.#refuse(post, this.#tooLarge());
      else this.#take(post, whole);
    });
  }

  /** Everything that can be said before the body. */
  #head(res: HttpResponse, req: HttpRequest, length: number): Post | Problem {
    const { admission, intake, maxFrameBytes } = this.#options;
    const sender = admission.admit(res, req, req.getParameter(0) ?? '');
    if ('status' in sender) return sender;
    const limited =
      admission.rate(sender.quota, intake.monotonicMs()) ??
      admission.held(sender.quota, intake.monotonicMs());
    if (limited !== null) return limited;
    const mode = modeOf(req.getHeader('content-type'));
    if (mode === null) {
      return problem(
        415,
        'body.type',
        'Send application/json (an object or an array) or application/x-ndjson (lines).',
      );
    }
    const encoding = req.getHeader('content-encoding').toLowerCase();
    if (encoding !== '' && encoding !== 'identity') {
      return problem(415, 'body.encoding', 'Send the body as it is, without Content-Encoding.');
    }
    if (length > maxFrameBytes) return this.#tooLarge();
    const key = idempotencyKey(req);
    if (typeof key === 'object' && key !== null) return key;
    // Full now is very probably full after the body: say so before it is sent.
    if (intake.journalFull) return busy('engine.full', FULL);
    return { ...sender, res, mode, key, over: false };
  }

  /** The body is whole: gives it to the ring, or answers from the table of keys. */
  #take(post: Post, body: Uint8Array): void {
    if (this.#options.admission.draining) {
      this.#refuse(
        post,
        busy('engine.draining', 'The engine is shutting down: connect again in a moment.', 5),
      );
      return;
    }
    if (post.key === null) {
      if (!this.#publish(post, body, null)) this.#refuse(post, busy('engine.full', FULL));
      return;
    }
    const { keys } = this.#options;
    const { principal, stream, key } = post;
    const hash = createHash('sha256').update(body).digest('hex');
    const state = keys.state(principal.name, stream.name, key);
    if (state === 'pending') {
      this.#refuse(
        post,
        problem(
          409,
          'key.pending',
          'The first request with this Idempotency-Key is under way: send it again.',
          ['Retry-After', '1'],
        ),
      );
    } else if (state !== undefined && state.hash !== hash) {
      this.#refuse(
        post,
        problem(
          422,
          'key.reused',
          'This Idempotency-Key was used for another body: use a new key for new records.',
        ),
      );
    } else if (state !== undefined) {
      this.#replay(post, state);
    } else if (!keys.begin(principal.name, stream.name, key)) {
      this.#refuse(
        post,
        busy('key.table', 'The table of Idempotency-Keys is full for this credential: try later.', 60),
      );
    } else {
      const json = post.mode === FRAME_MODE.json;
      const entry: KeyEntry = { principal: principal.name, stream: stream.name, key, hash, json };
      if (this.#publish(post, body, entry)) return;
      keys.cancel(principal.name, stream.name, key);
      this.#refuse(post, busy('engine.full', FULL));
    }
  }

  /** Puts a new frame into the ring; false when there is no room. */
  #publish(post: Post, body: Uint8Array, key: KeyEntry | null): boolean {
    const { intake, sessions, requests, runningMs } = this.#options;
    const { principal, stream } = post;
    const before = preface(sessions, principal.name, stream.name, key);
    const payload = payloadIn(stream, body);
    if (!intake.room(before.bytes + frameBytes(payload.length))) return false;
    const source = writePreface(intake, sessions, principal.name, stream.name, before, runningMs());
    const slot = requests.add((result, refusal) => this.#durable(post, key, result, refusal));
    intake.data(modeIn(stream, post.mode), stream.number, source, 0, slot, payload);
    return true;
  }

  #durable(post: Post, key: KeyEntry | null, result: IngestResult, refusal: number): void {
    const { keys, quotas, intake, runningMs } = this.#options;
    const { status, body } = httpReply(result, refusal, post.mode === FRAME_MODE.json);
    const records = result.accepted + result.rejected;
    if (key !== null) {
      const { principal, stream, key: name, hash } = key;
      keys.finish({ principal, stream, key: name, hash, status, body, records, createdMs: runningMs() });
    }
    if (result.rejected > 0)
      quotas.refused(post.quota, result.rejected, intake.monotonicMs(), intake.wallMs());
    this.#answer(post, status, body, []);
  }

  /** Answers a retry as the first time, once it is journaled that its records were duplicates. */
  #replay(post: Post, row: KeyRow): void {
    const { intake, requests, counters } = this.#options;
    const payload = controlPayload({ records: row.records });
    if (!intake.room(frameBytes(payload.length))) {
      this.#refuse(post, busy('engine.full', FULL));
      return;
    }
    const slot = requests.add(() => {
      counters.duplicate += row.records;
      this.#answer(post, row.status, row.body, [['Idempotent-Replayed', 'true']]);
    });
    intake.control(FRAME_KIND.duplicate, payload, slot);
  }

  #answer(
    post: Post,
    status: 202 | 400,
    body: string,
    headers: readonly (readonly [string, string])[],
  ): void {
    if (post.over) return;
    post.over = true;
    answer(post.res, status, status === 202 ? 'application/json' : 'application/problem+json', body, headers);
  }

  #refuse(post: Post, why: Problem): void {
    this.#options.counters.refused += 1;
    if (post.over) return;
    post.over = true;
    answerProblem(post.res, why);
  }

  #tooLarge(): Problem {
    const { maxFrameBytes } = this.#options;
    return problem(
      413,
      'body.too-large',
      `A body is at most ${maxFrameBytes} bytes: send the records in several requests.`,
    );
  }
}

function bodiesFull(): Problem {
  return busy('engine.bodies', 'Too many bodies are under way: send the same request again after a moment.');
}
