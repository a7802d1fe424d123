// The names that the engine gives to sessions.

import { expect, test } from 'vitest';
import { newSessionId } from '../../engine/frontend/session-id.ts';

test('session-id: 32 hex digits each, none twice, also across draws of random bytes', () => {
  const ids = Array.from({ length: 2000 }, newSessionId);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(ids).size).toBe(ids.length);
  // Also no half of one is half of another: 64 random bits do not meet in 4,000 tries.
  const halves = ids.flatMap((id) => [id.slice(0, 16), id.slice(16)]);
  expect(new Set(halves).size).toBe(halves.length);
});
