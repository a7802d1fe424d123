// Why FirnClient gave up: every error it throws or rejects with carries one of these codes. Whatever is not listed
// here (a lost network, a restarting or overloaded engine) is no error: the client backs off and resumes.

/**
 * - `client.session-lost`: the engine's `next` is below our last ack or above our last frame; the session is not ours.
 * - `client.session-taken`: another connection uses this session id (close 4001).
 * - `client.unauthorised`, `client.forbidden`, `client.not-found`, `client.bad-request`: 401, 403, 404, 400 at the
 *   upgrade. Seen where the WebSocket shows the status (package `ws`); browsers only show a failed connection.
 * - `client.refused`: close 1008, the engine wants no more from this credential or address.
 * - `client.frame-too-large`: a frame or record is over `maxFrameBytes`.
 * - `client.not-a-record`: what was given to `send` cannot be one line of JSON.
 * - `client.busy`: more calls wait for room than `maxWaiting` allows; nothing of this call was kept.
 * - `client.unreachable`: no connection for `giveUpMs`.
 * - `client.protocol`: the other side does not speak `firn.v1`.
 * - `client.closed`: the caller closed or stopped the client.
 */
export type ClientErrorCode =
  | 'client.session-lost'
  | 'client.session-taken'
  | 'client.unauthorised'
  | 'client.forbidden'
  | 'client.not-found'
  | 'client.bad-request'
  | 'client.refused'
  | 'client.frame-too-large'
  | 'client.not-a-record'
  | 'client.busy'
  | 'client.unreachable'
  | 'client.protocol'
  | 'client.closed';

/** An error with a code that a program can act on and a sentence that a person can read. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The error of an HTTP status at the upgrade that trying again cannot mend; null = try again. */
export function errorOfStatus(status: number): ClientError | null {
  switch (status) {
    case 400:
      return new ClientError('client.bad-request', 'the engine refused the session id or the request (400)');
    case 401:
      return new ClientError('client.unauthorised', 'the engine wants a token that it knows (401)');
    case 403:
      return new ClientError('client.forbidden', 'the engine refuses this origin, host or token (403)');
    case 404:
      return new ClientError('client.not-found', 'the engine has no such stream (404)');
    default:
      return null;
  }
}

/** The error of a close code that a resume cannot mend; null = back off and resume. */
export function errorOfClose(code: number, reason: string): ClientError | null {
  const why = reason === '' ? '' : `: ${reason}`;
  switch (code) {
    case 4001:
      return new ClientError('client.session-taken', `another connection uses this session (4001)${why}`);
    case 1008:
      return new ClientError('client.refused', `the engine wants no more from this client (1008)${why}`);
    case 1009:
      return new ClientError('client.frame-too-large', `the engine found a frame too large (1009)${why}`);
    case 1003:
    case 1007:
      return new ClientError('client.protocol', `the engine does not understand the frames (${code})${why}`);
    default:
      return null;
  }
}
