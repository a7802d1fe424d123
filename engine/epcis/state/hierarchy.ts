// Everything that lies in a logistic unit: pallet, case, unit. Links come from senders, so a circle ends the walk there.

import type { State } from './state.ts';

/** The key itself and all that lies below it, each once, parents first. */
export function* within(state: State, key: string): Generator<string> {
  const seen = new Set([key]);
  for (const each of seen) {
    yield each;
    for (const child of state.children(each)) seen.add(child);
  }
}
