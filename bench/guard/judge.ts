// Ratios against floors, by name.

/** Floors are set to this share of what was measured: far enough from it that noise does not fail a build. */
export const FLOOR_SHARE = 0.6;

export interface Floor {
  readonly floor: number;
  /** What the floor was made of. */
  readonly measured: number;
}

export type Floors = Readonly<Record<string, Floor>>;

export interface Judged extends Floor {
  readonly name: string;
  /** Null when this run could not take it. */
  readonly ratio: number | null;
  readonly verdict: 'ok' | 'below its floor' | 'not measured';
}

/** Every floor with what this run measured. A ratio without a floor is not judged. */
export function judge(ratios: Readonly<Record<string, number>>, floors: Floors): Judged[] {
  return Object.entries(floors).map(([name, { floor, measured }]) => {
    const ratio = ratios[name] ?? null;
    const verdict = ratio === null ? 'not measured' : ratio >= floor ? 'ok' : 'below its floor';
    return { name, ratio, floor, measured, verdict };
  });
}

/** Floors for what was measured. */
export function floorsOf(ratios: Readonly<Record<string, number>>): Floors {
  return Object.fromEntries(
    Object.entries(ratios).map(([name, ratio]) => [
      name,
      { floor: round(FLOOR_SHARE * ratio), measured: round(ratio) },
    ]),
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
