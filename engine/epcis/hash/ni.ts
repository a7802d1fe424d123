// The event hash of CBV 2.0 (§8.9) as the reference implementation computes it: an identifier that others compute too, not
// a key of anything here, since different events can have the same (engine/epcis/digest.ts says what firn goes by).

import { hash } from 'node:crypto';
import { EventSerials } from '../event-serials.ts';
import type { SourceEvent } from '../model.ts';
import { preHash } from './pre-hash.ts';

/** `ni:///sha-256;<64 hex digits>?ver=CBV2.0` */
export function niHash(event: SourceEvent): string {
  return niHashWith(event, new EventSerials(event.fields));
}

/** The same, where the lists of the event may have been split and sorted already. */
export function niHashWith(event: SourceEvent, serials: EventSerials): string {
  return `ni:///sha-256;${hash('sha256', preHash(event, serials), 'hex')}?ver=CBV2.0`;
}
