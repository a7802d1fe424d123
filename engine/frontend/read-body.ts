// The body of an operator's request, read whole and bounded. Bodies of records have a way of their own (http.ts), where
// most of them come in one piece and are not copied.

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { Body, type BodyBudget } from './body.ts';
import { answer, answerProblem, busy, type Problem, problem } from './problem.ts';

/** An answer that goes out at most once, and not at all when the client has gone. */
export class Reply {
  readonly #res: HttpResponse;
  /** True once it was answered or its client has gone. */
  over = false;

  constructor(res: HttpResponse) {
    this.#res = res;
  }

  json(status: number, value: unknown): void {
    if (this.over) return;
    this.over = true;
    answer(this.#res, status, 'application/json', JSON.stringify(value));
  }

  refuse(why: Problem): void {
    if (this.over) return;
    this.over = true;
    answerProblem(this.#res, why);
  }
}

/**
 * Reads at most `maxBytes` and calls `take` with the body, which is valid until `take` returns; else it answers.
 * Synchronous with the handler.
 */
export function readBody(
  res: HttpResponse,
  req: HttpRequest,
  budget: BodyBudget,
  maxBytes: number,
  take: (body: Uint8Array, reply: Reply) => void,
): void {
  const reply = new Reply(res);
  const body = new Body(budget, maxBytes);
  const refuse = (why: 'too-large' | 'no-room'): void => {
    const problemNow =
      why === 'too-large'
        ? problem(413, 'body.too-large', `A body here is at most ${maxBytes} bytes: send several requests.`)
        : busy('engine.bodies', 'Too many bodies are under way: send the same request again after a moment.');
    reply.refuse(problemNow);
  };
  res.onAborted(() => {
    reply.over = true;
    body.drop();
  });
  // uWebSockets.js never calls onData for an announced length of 0 when the head came in several pieces.
  const declared = req.getHeader('content-length');
  if (declared !== '' && Number(declared) === 0) {
    take(new Uint8Array(0), reply);
    return;
  }
  res.onData((chunk, last) => {
    if (reply.over) return;
    const kept = last ? 'kept' : body.add(chunk);
    if (kept === 'kept' && !last) return;
    const whole = kept === 'kept' ? body.whole(chunk) : kept;
    body.drop();
    if (typeof whole === 'string') refuse(whole);
    else take(whole, reply);
  });
}
