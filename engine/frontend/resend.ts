// `POST /v1/quarantine/resend`: asks the engine to send again what the sink had set aside. The audit event with actor and
// reason is durable before anything is sent.

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { auditEntry } from '../audit.ts';
import type { Clock } from '../clock.ts';
import type { Admission } from './admission.ts';
import type { BodyBudget } from './body.ts';
import type { Events } from './events.ts';
import { answerProblem, busy, problem } from './problem.ts';
import { readBody } from './read-body.ts';
import { noRight } from './replay.ts';
import { readWhy } from './replay-order.ts';

const MAX_BODY_BYTES = 8 * 1024;

/** Sends what is in quarantine. `sent` objects are in the lake now, `left` are not. */
export type Resend = () => Promise<{ readonly sent: number; readonly left: number }>;

export interface ResendsOptions {
  readonly admission: Admission;
  readonly events: Events;
  readonly clock: Clock;
  readonly resend: Resend;
  readonly bodies: BodyBudget;
  readonly onError: (error: unknown) => void;
}

export class Resends {
  readonly #options: ResendsOptions;

  constructor(options: ResendsOptions) {
    this.#options = options;
  }

  handle(res: HttpResponse, req: HttpRequest): void {
    const { admission, clock, events, resend, onError } = this.#options;
    const who = admission.draining
      ? busy('engine.draining', 'The engine is shutting down.', 5)
      : admission.identify(req);
    if ('status' in who || !who.replay) {
      answerProblem(res, 'status' in who ? who : noRight());
      return;
    }
    readBody(res, req, this.#options.bodies, MAX_BODY_BYTES, (body, reply) => {
      const why = readWhy(body);
      if (typeof why === 'string') {
        reply.refuse(problem(400, 'resend.order', why));
        return;
      }
      const { actor, reason } = why;
      const details = { actor, authorisedBy: who.name, reason };
      const event = auditEntry(clock, 'quarantine.resend', 'quarantine', details);
      events.audit(event, () => {
        resend().then(
          (result) => reply.json(200, result),
          (error: unknown) => {
            onError(error);
            reply.refuse(problem(500, 'engine.error', 'The engine could not send again: see its log.'));
          },
        );
      });
    });
  }
}
