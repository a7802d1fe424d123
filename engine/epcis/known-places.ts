// Places and parties, read once: the events of a document name the same few over and over.

import type { Identifier } from './identifiers/identifier.ts';
import { readIdentifier } from './identifiers/read.ts';

/** More than a document names; then all are forgotten. */
const MAX_KNOWN = 1024;
/** Longer than any id of a place: what a sender may write at will is not kept. */
const MAX_LENGTH = 128;

const KNOWN = new Map<string, Identifier>();

/** As `readIdentifier`. */
export function readPlaceId(sent: string): Identifier {
  const known = KNOWN.get(sent);
  if (known !== undefined) return known;
  if (sent.length > MAX_LENGTH) return readIdentifier(sent);
  if (KNOWN.size >= MAX_KNOWN) KNOWN.clear();
  // A copy: a slice would keep the whole text that it was cut from, as long as this lives.
  const copy = Buffer.from(sent).toString();
  const id = readIdentifier(copy);
  // A lone surrogate does not survive the copy.
  if (copy !== sent) return readIdentifier(sent);
  KNOWN.set(copy, id);
  return id;
}
