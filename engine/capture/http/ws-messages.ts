// The messages of subprotocol firn.capture.v1. Client: `{"op":"capture",…}` as text, then its bytes in binary frames; any
// other text is a bare event. Server: credit, accepted, done, error. A text of `op` is small, so that nothing large is ever
// parsed on the main thread.

import { bodyType } from './negotiate.ts';

/** Subprotocol of captures. */
export const CAPTURE_PROTOCOL = 'firn.capture.v1';

/** Where it is spoken. */
export const WS_PATH = '/epcis/capture/ws';

/** Close codes (RFC 6455 §7.4). */
export const WS_CLOSE = { restart: 1012, policy: 1008, busy: 1013 } as const;

/** Longest text that is looked at for an `op`. */
const MAX_ORDER_BYTES = 4096;

/** A capture that a client announces. */
export interface Order {
  /** The client's name for it, told back with everything about it. */
  readonly id: string;
  readonly mediaType: string;
  readonly behaviour: 'rollback' | 'proceed';
  readonly bytes: number;
}

/** What a text is: an order, a bare event, or an order that cannot be: the reason, and the id and bytes where it has them. */
export type Text =
  | { readonly kind: 'order'; readonly order: Order }
  | { readonly kind: 'event' }
  | {
      readonly kind: 'refused';
      readonly id: string;
      readonly bytes: number;
      readonly status: 400 | 415;
      readonly why: string;
    }
  /** Nothing that follows it could be understood. */
  | { readonly kind: 'breach'; readonly why: string };

/** Reads a text frame. */
export function readText(text: Uint8Array): Text {
  if (text.length > MAX_ORDER_BYTES) return { kind: 'event' };
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text).toString('utf8'));
  } catch {
    // A broken event: the document rules say what is wrong with it.
    return { kind: 'event' };
  }
  if (typeof value !== 'object' || value === null || !('op' in value)) return { kind: 'event' };
  const { op, id, type, behaviour = 'rollback', bytes } = value as Record<string, unknown>;
  if (op !== 'capture') return { kind: 'breach', why: 'the only op is capture' };
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,64}$/.test(id))
    return { kind: 'breach', why: 'id is 1 to 64 visible characters' };
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0)
    return { kind: 'breach', why: 'bytes is the length of the body' };
  const mediaType = typeof type === 'string' ? bodyType(type) : null;
  if (mediaType === null) {
    const why = 'type is application/json, application/ld+json, application/xml or text/xml.';
    return { kind: 'refused', id, bytes, status: 415, why };
  }
  if (behaviour !== 'rollback' && behaviour !== 'proceed')
    return { kind: 'refused', id, bytes, status: 400, why: 'behaviour is rollback or proceed.' };
  return { kind: 'order', order: { id, mediaType, behaviour, bytes } };
}
