// Lists of ids that differ in their serials only, which is what nearly all objects come in: 500 items of one product. Such a
// list is split and sorted once, for the canonical form and for the reference hash: sorting is the dearest part of both.

/** What all ids of a list begin with, as sent, and what follows it in each. */
export interface SerialList {
  readonly stem: string;
  /** 1 to MAX_SERIAL letters, digits, `-` and `_` each; in the order of their bytes, repeats kept. */
  readonly serials: readonly string[];
}

/** Serials of an SGTIN have at most so many characters. */
export const MAX_SERIAL = 20;
/** Shorter than what stands before the serial of any id. */
export const MIN_STEM = 12;

/**
 * 1 to 64 in the order of their bytes, for the characters that are written alike in every form of an id; 0 = another. One
 * for each byte: an index past the end is slow.
 */
const RANK = new Uint8Array(256);
[...'-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'].forEach((character, i) => {
  RANK[character.charCodeAt(0)] = i + 1;
});

/** Where the serial of an id begins: all behind it is plain, what stands before it is not. */
export function serialStart(text: string): number {
  let at = text.length;
  while (at > 0 && (RANK[text.charCodeAt(at - 1)] as number) > 0) at--;
  return at;
}

/** Lists that a reader has looked through on its way: how long their stems are. */
const SPLIT = new WeakMap<readonly unknown[], number>();

/** Notes that a list is one of serials behind `stem` characters: `serialList` need not look through it again. */
export function noteSplit(list: readonly unknown[], stem: number): void {
  SPLIT.set(list, stem);
}

/** True for a list that was noted: of texts only, without white space around them. */
export function isSplit(list: readonly unknown[]): list is readonly string[] {
  return SPLIT.has(list);
}

/** True for the characters of a serial. */
export function isOfSerial(code: number): boolean {
  // Past the table is undefined.
  return (RANK[code] as number) > 0;
}

/** @returns null for a list that is not so */
export function serialList(sent: readonly string[] | undefined): SerialList | null {
  const first = sent?.[0];
  if (sent === undefined || first === undefined) return null;
  const split = SPLIT.get(sent);
  const at = split ?? serialStart(first);
  if (at < MIN_STEM) return null;
  const stem = first.slice(0, at);
  const serials: string[] = [];
  for (let i = 0; i < sent.length; i++) {
    const text = sent[i] as string;
    if (split === undefined && !isBehind(stem, text)) return null;
    serials.push(text.slice(at));
  }
  return { stem, serials: sortSerials(serials) };
}

function isBehind(stem: string, text: string): boolean {
  const size = text.length - stem.length;
  if (size < 1 || size > MAX_SERIAL || !text.startsWith(stem)) return false;
  for (let j = stem.length; j < text.length; j++) if (!isOfSerial(text.charCodeAt(j))) return false;
  return true;
}

/** Fewer are sorted as they are. */
const FEW = 16;
/** Ranks of so many characters and the place in the list make one double: 65^6 × 2^16 is below 2^53. */
const KEY_CHARACTERS = 6;
const RANKS = 65;
const PLACES = 65_536;

/**
 * In the order of their bytes. Numbers made of the first characters behind those that all have are sorted instead of the
 * texts, some five times as fast; texts are compared only where those characters are the same.
 */
function sortSerials(serials: string[]): string[] {
  const { length } = serials;
  if (isSorted(serials)) return serials;
  if (length < FEW || length > PLACES) return serials.sort();
  const from = sharedLength(serials);
  const keys = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const serial = serials[i] as string;
    let key = 0;
    for (let j = from; j < from + KEY_CHARACTERS; j++)
      key = key * RANKS + (j < serial.length ? (RANK[serial.charCodeAt(j)] as number) : 0);
    keys[i] = key * PLACES + i;
  }
  keys.sort();
  const sorted: string[] = [];
  let before = -1;
  let ordered = true;
  for (let i = 0; i < length; i++) {
    const key = Math.floor((keys[i] as number) / PLACES);
    const serial = serials[(keys[i] as number) - key * PLACES] as string;
    if (key === before && (sorted[i - 1] as string) > serial) ordered = false;
    before = key;
    sorted.push(serial);
  }
  return ordered ? sorted : sorted.sort();
}

function isSorted(serials: readonly string[]): boolean {
  for (let i = 1; i < serials.length; i++)
    if ((serials[i - 1] as string) > (serials[i] as string)) return false;
  return true;
}

/** How many characters at the beginning are the same in all. */
function sharedLength(serials: readonly string[]): number {
  const first = serials[0] as string;
  let shared = first.length;
  for (let i = 1; i < serials.length; i++) {
    const serial = serials[i] as string;
    let at = 0;
    while (at < shared && serial.charCodeAt(at) === first.charCodeAt(at)) at++;
    shared = at;
  }
  return shared;
}
