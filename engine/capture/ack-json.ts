// An acknowledgement as a partner gets it, polled or by webhook: the same members, so that either may be checked by the
// other.

import { utc } from '../clock.ts';
import type { Ack } from '../ledger/model.ts';

/** `digest` is the SHA-256 of the JCS of `body`, hex: whoever gets one twice knows it by `seq` or by that. */
export function ackJson({
  seq,
  capture,
  kind,
  body,
  digest,
  createdMs,
  partner,
}: Ack): Record<string, unknown> {
  return { seq, partner, captureID: capture, kind, createdAt: utc(createdMs), digest, body };
}
