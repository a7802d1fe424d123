// What the headers of a request say about its body.

import type { HttpRequest } from 'uWebSockets.js';
import { MAX_KEY_CHARACTERS } from '../limits.ts';
import { FRAME_MODE } from '../ring/frame.ts';
import { type Problem, problem } from './problem.ts';

/** How the body is split, by its media type; null for another one. Parameters do not matter. */
export function modeOf(contentType: string): number | null {
  const type = contentType.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') return FRAME_MODE.json;
  return type === 'application/x-ndjson' ? FRAME_MODE.lines : null;
}

/** The Idempotency-Key of a request; null without one, a 400 for one that cannot be. */
export function idempotencyKey(req: HttpRequest): string | null | Problem {
  const key = req.getHeader('idempotency-key');
  if (key !== '' && key.length <= MAX_KEY_CHARACTERS) return key;
  let present = key !== '';
  if (!present) {
    req.forEach((name) => {
      if (name === 'idempotency-key') present = true;
    });
  }
  if (!present) return null;
  return problem(400, 'key.invalid', `An Idempotency-Key has 1 to ${MAX_KEY_CHARACTERS} characters.`);
}
