// Which path below /epcis answers what. Everything wants the scope `epcis`; a known path with another method is a 405 that
// says which methods there are, and OPTIONS tells what the resource can do.

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { CaptureRoutes, Gate } from '../../frontend/captures.ts';
import type { UwsApp } from '../../uws.ts';
import { DISCOVERY, limitHeaders, standardHeaders, versionFault } from './epcis-headers.ts';
import { type EpcisException, exceptionOf } from './exception.ts';
import { Exchange } from './exchange.ts';
import type { Family } from './negotiate.ts';
import { type CaptureOptions, type Handler, type Parts, SCOPE } from './parts.ts';
import { MAX_DISCARD_BYTES, postHandler } from './post.ts';
import {
  acknowledgeHandler,
  acksHandler,
  eventHandler,
  itemHandler,
  jobHandler,
  jobsHandler,
} from './queries.ts';
import { CaptureSockets } from './ws.ts';

const HELP = `firn: capture of EPCIS events.

POST /epcis/capture                  EPCIS 1.2 XML, 2.0 XML, 2.0 JSON: 202 and Location of the job, once it is durable
GET  /epcis/capture/{id}             what became of it, JSON or XML
GET  /epcis/capture                  the jobs of this credential, newest first: ?perPage=30
POST /epcis/events                   one bare event: 201, or 409 where it is known
GET  /epcis/events/{eventID}         a stored event
GET  /epcis/items/{gtin}/{serial}    the history of an item, and the seals that prove it; /epcis/items/00/{sscc}
GET  /epcis/acks?after=N             acknowledgements behind the Nth; POST {"seq": N}: they have arrived
GET  /epcis/capture/ws               WebSocket, subprotocol firn.capture.v1

curl -i -H 'Content-Type: application/xml' --data-binary @events.xml http://localhost:9400/epcis/capture
GS1-Capture-Error-Behaviour: rollback (the default) stores all events or none, proceed those that are right.
`;

/** A resource: its handlers by method, and the families in which GET answers. */
interface Resource {
  readonly get?: Handler;
  readonly post?: Handler;
  readonly families: readonly Family[];
  /** True where a 413 is possible: OPTIONS tells the limits. */
  readonly limits?: boolean;
}

/** The routes of captures on one service and one spool. */
export class CaptureApi implements CaptureRoutes {
  readonly #options: CaptureOptions;
  #underWay = 0;
  #idle: (() => void)[] = [];
  #sockets: CaptureSockets | null = null;

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  addTo(app: UwsApp, gate: Gate): void {
    const parts: Parts = {
      ...this.#options,
      gate,
      standard: standardHeaders(this.#options.extensions),
      underWay: {
        begin: () => {
          this.#underWay += 1;
        },
        end: () => this.#ended(),
      },
    };
    const both: readonly Family[] = ['json', 'xml'];
    const json: readonly Family[] = ['json'];
    const add = (path: string, resource: Resource): void => this.#add(app, parts, path, resource);
    add('/epcis', { get: (exchange) => exchange.text(200, 'text/plain; charset=utf-8', HELP), families: [] });
    add('/epcis/capture', {
      get: jobsHandler(parts),
      post: postHandler(parts, false),
      families: json,
      limits: true,
    });
    this.#sockets = new CaptureSockets(parts);
    this.#sockets.addTo(app);
    add('/epcis/capture/:id', { get: jobHandler(parts), families: both });
    add('/epcis/events', { post: postHandler(parts, true), families: json, limits: true });
    add('/epcis/events/*', { get: eventHandler(parts), families: json });
    add('/epcis/items/:gtin/:serial', { get: itemHandler(parts), families: json });
    add('/epcis/acks', { get: acksHandler(parts), post: acknowledgeHandler(parts), families: json });
    add('/epcis/*', { families: json });
  }

  tick(): void {
    this.#sockets?.tick();
  }

  closeConnections(): void {
    this.#sockets?.closeAll();
  }

  /** Resolves when no body is being handed over to the service any more. */
  idle(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #ended(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #add(app: UwsApp, parts: Parts, path: string, resource: Resource): void {
    app.any(path, (res, req) => {
      const exchange = new Exchange(res, req, parts.standard);
      try {
        handle(exchange, res, req, resource, parts);
      } catch (error) {
        // uWebSockets.js would end the process for it.
        parts.gate.onError(error);
        exchange.refuse({
          status: 500,
          code: 'engine.error',
          detail: 'The engine failed to answer: see its log.',
        });
      }
    });
  }
}

/** Admission, method, versions and Accept, then the handler. */
function handle(
  exchange: Exchange,
  res: HttpResponse,
  req: HttpRequest,
  resource: Resource,
  { gate, maxEvents, spool }: Parts,
): void {
  const refuse = (why: EpcisException): void => {
    gate.counters.refused += 1;
    // A body that nobody has asked for is not waited for where it is long.
    exchange.refuse(why, Number(req.getHeader('content-length') || '0') > MAX_DISCARD_BYTES);
  };
  const from = gate.admission.admitTo(res, req, SCOPE);
  if ('status' in from) {
    refuse(exceptionOf(from));
    return;
  }
  const allow = methodsOf(resource).join(', ');
  const method = req.getMethod();
  if (allow === '') {
    refuse({
      status: 404,
      code: 'route.unknown',
      detail: 'There is nothing at this path: GET /epcis tells what is.',
    });
    return;
  }
  const handler = method === 'post' ? resource.post : /^(get|head)$/.test(method) ? resource.get : undefined;
  if (handler === undefined && method !== 'options') {
    const detail = `Use ${allow} here.`;
    refuse({ status: 405, code: 'method.not-allowed', detail, headers: [['Allow', allow]] });
    return;
  }
  const fault = versionFault((name) => req.getHeader(name));
  if (fault !== null) {
    refuse({ ...fault, code: 'header.version' });
    return;
  }
  if (handler === undefined) {
    const limits = limitHeaders(maxEvents, spool.maxBytes);
    const own = resource.limits === true ? [...limits, ['GS1-Capture-Error-Behaviour', 'all'] as const] : [];
    exchange.empty(204, [['Allow', allow], ...DISCOVERY, ...own]);
    return;
  }
  // An error can be told in either family, an answer to GET only in those of the resource.
  const { json, xml } = exchange.accepted;
  if (method === 'post' ? json || xml : answerable(resource, json, xml)) {
    handler(exchange, req, from);
    return;
  }
  const names = resource.families.map((family) => `application/${family}`).join(' or ');
  refuse({ status: 406, code: 'header.accept', detail: `Accept ${names}: nothing else is told here.` });
}

function answerable({ families }: Resource, json: boolean, xml: boolean): boolean {
  return families.length === 0 || families.some((family) => (family === 'json' ? json : xml));
}

function methodsOf({ get, post }: Resource): string[] {
  if (get === undefined && post === undefined) return [];
  return ['OPTIONS', ...(post === undefined ? [] : ['POST']), ...(get === undefined ? [] : ['GET'])];
}
