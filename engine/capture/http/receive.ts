// A request's body on its way into the spool: the socket is not read while the disk is behind, and nothing of a body is
// left whose client has gone.

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import type { SpooledBody } from '../captures.ts';
import type { SpoolRefusal } from '../spool.ts';
import type { Upload } from '../upload.ts';
import type { Exchange } from './exchange.ts';

/**
 * Reads a body of at most `maxBytes` whole and calls `take`, unless the client goes first; null = it is longer.
 * Synchronous with the handler.
 */
export function readSmallBody(
  exchange: Exchange,
  declared: number | null,
  maxBytes: number,
  take: (body: Uint8Array | null) => void,
): void {
  let body = Buffer.alloc(0);
  let done = false;
  const end = (value: Uint8Array | null): void => {
    done = true;
    take(value);
  };
  // uWebSockets.js never calls onData for an announced length of 0 when the head came in several pieces.
  if (declared === 0) {
    end(body);
    return;
  }
  exchange.res.onData((chunk, last) => {
    if (done || exchange.over) return;
    if (body.length + chunk.byteLength > maxBytes) {
      end(null);
      return;
    }
    body = Buffer.concat([body, new Uint8Array(chunk)]);
    if (last) end(body);
  });
}

/** The announced length of a body; null for one in chunks. */
export function lengthOf(req: HttpRequest): number | null {
  const header = req.getHeader('content-length');
  if (header !== '') return Number(header);
  return req.getHeader('transfer-encoding') === '' ? 0 : null;
}

/** How a body ended: in the spool, refused, or with an error of the disk. */
export type Received = SpooledBody | SpoolRefusal | Error;

/** Feeds the body of a request into `upload` and calls `end` once, unless the client goes first. */
export function receiveBody(
  res: HttpResponse,
  exchange: Exchange,
  declared: number | null,
  upload: Upload,
  end: (received: Received) => void,
): void {
  let paused = false;
  let done = false;
  const resume = (): void => {
    if (!paused || exchange.over) return;
    paused = false;
    res.resume();
  };
  upload.onRoom = () => {
    if (!upload.behind) resume();
  };
  exchange.onGone = () => {
    done = true;
    upload.abort();
  };
  const finish = (last: Uint8Array): void => {
    done = true;
    // What comes next on this connection is another request.
    resume();
    upload.finish(last).then(end, end);
  };
  // uWebSockets.js never calls onData for an announced length of 0 when the head came in several pieces.
  if (declared === 0) {
    finish(new Uint8Array(0));
    return;
  }
  res.onData((chunk, last) => {
    if (done) return;
    // The bytes are gone when this returns.
    const piece = new Uint8Array(chunk.slice(0));
    if (last) {
      finish(piece);
      return;
    }
    const refusal = upload.write(piece);
    if (refusal !== null) {
      done = true;
      resume();
      end(refusal);
    } else if (upload.behind && !paused) {
      paused = true;
      res.pause();
    }
  });
}
