// The digest of an event, by which it is the same event however it was written. Not the `ni:` hash of the standard, which
// takes every value through a double and has holes that this must not have.

import { hash } from 'node:crypto';

const DOMAIN = 'firn.event/1\n';

/**
 * SHA-256 of `"firn.event/1\n"` and the JCS text of the canonical event without `errorDeclaration`, as hex. The declaration
 * is left out so that an event and the statement that it was wrong have one hash: its time tells them apart.
 */
export function eventHash(undeclared: string): string {
  // One call of one text: an object for each event costs more than the hashing of a small one.
  return hash('sha256', DOMAIN + undeclared, 'hex');
}
