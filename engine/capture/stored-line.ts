// An accepted event out of its line in the lake, as the ledger takes it: what a rebuild reads. The keys of the ledger are
// worked out from the canonical form, as they were when the event was judged.

import { canonicalise as toJcs } from '../../workers/canonicalise.ts';
import { discOf } from '../epcis/canonical.ts';
import { rowsOf } from '../epcis/canonical-rows.ts';
import type { Canonical, CanonicalEvent } from '../epcis/judged.ts';
import type { StoredEvent } from '../ledger/rebuild.ts';

interface Line {
  readonly canonical: CanonicalEvent;
  readonly capture_id: string;
  readonly declared_at: string | null;
  readonly event_hash: string;
  readonly event_id: string;
  readonly index: number;
  readonly ni: string;
  readonly partner_gln: string;
  readonly record_utc: string;
  readonly seq: string;
}

export function storedEvent(text: string): StoredEvent {
  const line = JSON.parse(text) as Line;
  const canonical: Canonical = {
    event: line.canonical,
    json: toJcs(line.canonical),
    hash: line.event_hash,
    declaredAt: line.declared_at,
    ni: line.ni,
    eventId: line.event_id,
    rows: rowsOf(line.canonical),
    disc: discOf(line.canonical),
  };
  const { capture_id: capture, index, partner_gln: partner, seq } = line;
  return { canonical, capture, index, partner, seq, recordMs: Date.parse(line.record_utc) };
}
