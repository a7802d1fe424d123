// The event hash of CBV 2.0 (§8.9) as the reference implementation computes it: an identifier that others compute too, not
// a key of anything here, since different events can have the same (engine/epcis/digest.ts says what firn goes by).

import { createHash } from 'node:crypto';
import type { SourceEvent } from '../model.ts';
import { preHash } from './pre-hash.ts';

/** `ni:///sha-256;<64 hex digits>?ver=CBV2.0` */
export function niHash(event: SourceEvent): string {
  return `ni:///sha-256;${createHash('sha256').update(preHash(event), 'utf8').digest('hex')}?ver=CBV2.0`;
}
