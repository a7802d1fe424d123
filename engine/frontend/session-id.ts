// The names of sessions that the engine gives out: 128 random bits in hex, so nobody guesses the session of another one.

import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;

/** Drawn for 256 ids at once: a draw of its own for each leaves an ArrayBuffer for each to the garbage collector. */
const drawn = Buffer.alloc(256 * ID_BYTES);
let at = drawn.length;

/** A new session id: 32 hex digits. */
export function newSessionId(): string {
  if (at === drawn.length) {
    randomFillSync(drawn);
    at = 0;
  }
  at += ID_BYTES;
  return drawn.toString('hex', at - ID_BYTES, at);
}
