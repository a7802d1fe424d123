// Which path answers what. Health and readiness answer everybody, at once, whatever the load; metrics and status want a
// token where tokens are configured; everything else that is not a stream is a 404, and a known path with another method
// is a 405 that says which methods there are.

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { UwsApp } from '../uws.ts';
import type { Admission } from './admission.ts';
import type { CaptureRoutes, Gate } from './captures.ts';
import type { UserData } from './connection.ts';
import type { Posts } from './http.ts';
import { answer, answerProblem, attempt, problem } from './problem.ts';
import type { Replays } from './replay.ts';
import type { Resends } from './resend.ts';
import type { WebSockets } from './websocket.ts';

export interface RouteOptions {
  readonly admission: Admission;
  readonly posts: Posts;
  readonly replays: Replays;
  /** Null where nothing can be set aside. */
  readonly resends: Resends | null;
  readonly webSockets: WebSockets;
  /** Null where no captures are taken. */
  readonly captures: CaptureRoutes | null;
  readonly gate: Gate;
  /** Why no frames are accepted now, or null when they are. */
  readonly notReady: () => string | null;
  /** JSON of `/v1/status`. */
  readonly status: () => unknown;
  /** A handler threw: a bug, told to the log. */
  readonly onError: (error: unknown) => void;
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
}

const WELCOME = `firn: telemetry in, sealed batches out.

POST /v1/streams/{stream}/records   application/json or application/x-ndjson
POST /v1/streams/{stream}/replay    refused records once more: firn dead-letter replay
GET  /v1/streams/{stream}/ws        WebSocket, subprotocol firn.v1
                                    either with ?schema=NAME/VERSION: not the stream's own
POST /v1/quarantine/resend          what the store had refused: firn dead-letter replay --quarantined
POST /epcis/capture                 EPCIS documents: GET /epcis tells more
GET  /v1/status  /metrics  /healthz  /readyz

The protocol is described in README.md of the package firn-engine.
`;

type Handler = (res: HttpResponse, req: HttpRequest, head: boolean) => void;

/** Adds all routes to `app`. */
export function addRoutes(app: UwsApp, options: RouteOptions): void {
  const { admission, posts, replays, resends, webSockets } = options;
  const any = (path: string, handler: (res: HttpResponse, req: HttpRequest) => void): void => {
    app.any(path, (res, req) => attempt(res, options.onError, () => handler(res, req)));
  };
  const get = (path: string, handler: Handler): void => {
    any(path, (res, req) => {
      const method = req.getMethod();
      if (method === 'get' || method === 'head') handler(res, req, method === 'head');
      else notAllowed(res, 'GET, HEAD');
    });
  };
  const guarded = (handler: Handler): Handler => {
    return (res, req, head) => {
      const who = admission.identify(req);
      if ('status' in who) answerProblem(res, who, { head });
      else handler(res, req, head);
    };
  };
  get('/', (res, _req, head) => answer(res, 200, 'text/plain; charset=utf-8', WELCOME, [], { head }));
  get('/healthz', (res, _req, head) => answer(res, 200, 'application/json', '{"alive":true}', [], { head }));
  get('/readyz', (res, _req, head) => {
    const reason = options.notReady();
    const body = JSON.stringify(reason === null ? { ready: true } : { ready: false, reason });
    answer(res, reason === null ? 200 : 503, 'application/json', body, [], { head });
  });
  get(
    '/v1/status',
    guarded((res, _req, head) =>
      answer(res, 200, 'application/json', JSON.stringify(options.status()), [], { head }),
    ),
  );
  get(
    '/metrics',
    guarded((res, _req, head) => answerMetrics(res, head, options.metrics)),
  );

  app.ws<UserData>('/v1/streams/:stream/ws', webSockets.behavior());
  any('/v1/streams/:stream/ws', (res, req) => {
    if (req.getMethod() === 'get') {
      const detail = 'This is a WebSocket endpoint: open it with a WebSocket client.';
      answerProblem(res, problem(426, 'upgrade.required', detail, ['Upgrade', 'websocket']));
    } else notAllowed(res, 'GET');
  });
  any('/v1/streams/:stream/records', (res, req) => {
    if (req.getMethod() === 'post') posts.handle(res, req);
    else notAllowed(res, 'POST');
  });
  any('/v1/streams/:stream/replay', (res, req) => {
    if (req.getMethod() === 'post') replays.handle(res, req);
    else notAllowed(res, 'POST');
  });
  if (resends !== null) {
    any('/v1/quarantine/resend', (res, req) => {
      if (req.getMethod() === 'post') resends.handle(res, req);
      else notAllowed(res, 'POST');
    });
  }
  options.captures?.addTo(app, options.gate);
  any('/*', (res, req) => {
    const detail =
      'There is nothing at this path: POST /v1/streams/{stream}/records, GET /v1/streams/{stream}/ws.';
    answerProblem(res, problem(404, 'route.unknown', detail), { head: req.getMethod() === 'head' });
  });
}

function notAllowed(res: HttpResponse, allow: string): void {
  answerProblem(res, problem(405, 'method.not-allowed', `Use ${allow} here.`, ['Allow', allow]));
}

function answerMetrics(res: HttpResponse, head: boolean, metrics: RouteOptions['metrics']): void {
  let gone = false;
  res.onAborted(() => {
    gone = true;
  });
  metrics().then(
    ({ type, text }) => {
      if (!gone) answer(res, 200, type, text, [], { head });
    },
    () => {
      if (!gone)
        answerProblem(
          res,
          problem(503, 'metrics.failed', 'The metrics could not be collected: see the log.'),
        );
    },
  );
}
