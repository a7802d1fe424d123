// What a class of tampering is: where it can be done, what is done there, and what `verify` must say about it.

import type { Finding } from '../../engine/verify/report.ts';
import type { Pristine } from './pristine.ts';
import type { Scratch } from './scratch.ts';

export type LakeName = 'objects' | 'log' | 'long';
export type Verdict = Finding['verdict'];
export type Random = () => number;

/** One tampering. `at` tells it from the others of its class. */
export interface Position {
  readonly at: string;
  /** The object that a finding must name; null = the file that `since` names. */
  readonly key: string | null;
  /** The seal that it must name, where the class is about one. */
  readonly index?: number;
  tamper(scratch: Scratch): void;
}

export interface TamperClass {
  readonly name: string;
  readonly lake: LakeName;
  /** What the finding that names the object says. */
  readonly verdicts: readonly Verdict[];
  /** What further findings, consequences of the same thing, may say; `any` where the seals themselves are in doubt. */
  readonly also?: readonly Verdict[] | 'any';
  /** Whether `--quick`, which reads no objects, must name it too. */
  readonly quick: boolean;
  positions(lake: Pristine, random: Random, wanted: number): Position[];
}

/** Draws positions until there are `wanted` different ones; fewer when there are no more. */
export function draw(wanted: number, make: () => Position | null): Position[] {
  const found = new Map<string, Position>();
  for (let tries = 0; found.size < wanted && tries < 400 * wanted; tries++) {
    const position = make();
    if (position !== null) found.set(position.at, position);
  }
  return [...found.values()];
}

export function oneOf<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}

export function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}

/** A number from `from` to `to` − 1. */
export function between(random: Random, from: number, to: number): number {
  return from + below(random, to - from);
}
