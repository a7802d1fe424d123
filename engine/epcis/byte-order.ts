// The order of texts by their UTF-8 bytes. JavaScript compares UTF-16 code units, which differs above U+FFFF: a surrogate
// sorts before U+E000 to U+FFFF there, and behind them in UTF-8.

const SURROGATES = 0xd800;
const BEHIND_SURROGATES = 0xe000;

/** Code units moved so that their order is that of code points. */
function rank(unit: number): number {
  if (unit < SURROGATES) return unit;
  return unit >= BEHIND_SURROGATES ? unit - 0x800 : unit + 0x2000;
}

/** Negative, 0 or positive, as the UTF-8 bytes of `a` come before, equal or come after those of `b`. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** The list as a set: sorted, of equal neighbours one. The list itself is sorted in place. */
export function sortedSet<T>(items: T[], compare: (a: T, b: T) => number): T[] {
  items.sort(compare);
  return items.filter((item, i) => i === 0 || compare(items[i - 1] as T, item) !== 0);
}
