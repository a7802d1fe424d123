// Cuts that the seal journal holds and the replay of the record journal still has to fill: after a restart each takes the
// records that it took before, and no new cut is made until all have them. Partitions are cut whole and in file order,
// so the count is enough to find the same records again.

import { FatalError } from '../errors.ts';
import { type Cut, partitionKind } from './cut.ts';
import { partitionId } from './partitions.ts';

export class Owed {
  readonly #cuts = new Map<number, Cut[]>();
  #left = 0;
  #position = 0;

  /** Registers a cut from the seal journal, in order of index. */
  add(cut: Cut): void {
    const kind = partitionKind(cut);
    this.#position = Math.max(this.#position, cut.position);
    if (kind === null) return;
    const id = partitionId(kind, cut.stream, cut.day);
    const cuts = this.#cuts.get(id);
    if (cuts === undefined) this.#cuts.set(id, [cut]);
    else cuts.push(cut);
    this.#left += 1;
  }

  /** Records that the next owed cut of this partition takes; infinite when none is owed. */
  countOf(id: number): number {
    return this.#cuts.get(id)?.[0]?.count ?? Number.POSITIVE_INFINITY;
  }

  /** The next owed cut of a partition that has reached its count. */
  settle(id: number, count: number): Cut {
    const cut = this.#cuts.get(id)?.shift();
    if (cut?.count !== count)
      throw new FatalError(`replay: a batch has ${count} records where its cut says ${cut?.count}`);
    this.#left -= 1;
    return cut;
  }

  /** Partitions with a cut owed: those from the snapshot may already be complete. */
  ids(): number[] {
    return [...this.#cuts.keys()];
  }

  /** True when every cut has its records and the fold has reached the newest one: normal work may begin. */
  paid(position: number): boolean {
    return this.#left === 0 && position >= this.#position;
  }

  /** The record journal is folded up to `position`: what is owed now can never be filled. */
  assertPaid(position: number): void {
    if (this.paid(position)) return;
    throw new FatalError(
      `replay: the record journal ends at ${position}, but ${this.#left} cuts up to position ${this.#position} need more of it`,
    );
  }
}
