// What stands before the serials of an item, read once: a document has a few products and a million serials.

import { readIdentifier } from './identifiers/read.ts';

/** A product as its serials are written in canonical form. */
export interface KnownItem {
  readonly gtin: string;
  /** The canonical id of a serial is this and the serial. */
  readonly head: string;
}

/** Two serials that no real stem ends with by chance. */
const PROBES = ['Aq7', 'zB8x'] as const;
/** A document has few; one that has more is read id by id. */
const MAX_KNOWN = 1024;

const KNOWN = new Map<string, KnownItem | null>();

/**
 * @param stem as SerialList has it
 * @returns null where what follows is not the serial of a good SGTIN, and nothing but that
 */
export function knownItem(stem: string): KnownItem | null {
  let item = KNOWN.get(stem);
  if (item === undefined) {
    item = probe(stem);
    if (KNOWN.size >= MAX_KNOWN) KNOWN.clear();
    // A copy: a slice would keep the whole text that it was cut from, as long as this lives.
    KNOWN.set(Buffer.from(stem).toString(), item);
  }
  return item;
}

function probe(stem: string): KnownItem | null {
  const [first, second] = PROBES.map((serial) => {
    const id = readIdentifier(Buffer.from(stem + serial).toString());
    const fits = id.kind === 'sgtin' && id.serial === serial && id.canonical.endsWith(`/21/${serial}`);
    return fits ? { gtin: id.gtin, head: id.canonical.slice(0, -serial.length) } : null;
  });
  return first != null && second != null && first.head === second.head ? first : null;
}
