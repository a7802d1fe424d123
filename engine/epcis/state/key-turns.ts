// The composite key that an event takes for one of its objects: object, time, partner and discriminator. One event has it.
// When that one was declared erroneous, a corrected one has the next turn: the discriminator with a number behind a space.

import { compositeKey, type State } from './state.ts';
import type { Subject } from './subject.ts';

/** `O.ADD.commissioning`, then `O.ADD.commissioning 2`, and so on. */
const discOfTurn = (disc: string, turn: number): string => (turn === 1 ? disc : `${disc} ${turn}`);

/**
 * The discriminator with which the event has the key of this object, or may take it.
 * @returns null when another event has it that nobody has declared erroneous
 */
export function takenDisc(
  state: State,
  { time, disc, hash }: Pick<Subject, 'time' | 'disc' | 'hash'>,
  key: string,
  partner: string,
): string | null {
  for (let turn = 1; ; turn++) {
    const taken = discOfTurn(disc, turn);
    const holder = state.hashAt(compositeKey(key, time, partner, taken));
    if (holder === undefined || holder === hash) return taken;
    if (!state.isDeclared(holder)) return null;
  }
}
