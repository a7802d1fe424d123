// Pseudo-random numbers from a seed (sfc32), so that a run of the fleet can be repeated. Not for secrets.

/** The next number, from 0 (included) to 1 (excluded). */
export type Random = () => number;

/** A generator of its own for `seed` and `lane`: lanes of one seed are independent of each other's use. */
export function randomOf(seed: number, lane: number): Random {
  let a = seed | 0;
  let b = lane | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  // The first outputs still show the seed.
  for (let i = 0; i < 15; i += 1) next();
  return next;
}
