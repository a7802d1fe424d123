// The journal against a plain array of groups: appends, abandoned attempts, syncs, clean restarts, crashes that take any
// part of what was not synced, and dropped segments, in any order.

import { truncateSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recoverJournal } from '../../engine/journal/recovery.ts';
import { dropSegments, listSegments } from '../../engine/journal/segments.ts';
import { JournalWriter } from '../../engine/journal/writer.ts';
import {
  appendGroup,
  plain,
  quickDisk,
  readGroups,
  someBytes,
  temporaryFolder,
} from '../support/journal-folder.ts';

interface ModelGroup {
  readonly chunks: readonly Uint8Array[];
  readonly end: number;
}

/** What must be true of the journal. */
interface Model {
  groups: ModelGroup[];
  /** Groups that a sync covers. */
  synced: number;
  /** A snapshot covers everything before it: the end of a group, or 0. */
  from: number;
}

interface Real {
  readonly folder: string;
  readonly segmentBytes: number;
  writer: JournalWriter;
  seed: number;
}

type Step = fc.Command<Model, Real>;

function check(model: Model, real: Real, limit: number): void {
  const expected = model.groups.filter((group) => group.end > model.from && group.end <= limit);
  expect(readGroups(real.folder, model.from, limit)).toEqual(plain(expected.map((group) => group.chunks)));
}

function reopen(model: Model, real: Real): void {
  const recovered = recoverJournal(quickDisk, real.folder, 'records', model.from);
  const last = model.groups.at(-1)?.end ?? 0;
  // The end of the newest group, or behind the header of the segment that begins there.
  expect([last, last + 64]).toContain(recovered.end);
  real.writer = new JournalWriter(quickDisk, real.folder, 'records', recovered.end, real);
  model.synced = model.groups.length;
  check(model, real, recovered.end);
}

class Append implements Step {
  readonly lengths: readonly number[];
  readonly abandoned: readonly number[];
  constructor(lengths: readonly number[], abandoned: readonly number[]) {
    this.lengths = lengths;
    this.abandoned = abandoned;
  }
  check(): boolean {
    return true;
  }
  run(model: Model, real: Real): void {
    if (this.abandoned.length > 0) appendGroup(real.writer, this.#chunks(this.abandoned, real), false);
    const chunks = this.#chunks(this.lengths, real);
    appendGroup(real.writer, chunks);
    model.groups.push({ chunks, end: real.writer.position });
  }
  #chunks(lengths: readonly number[], real: Real): Uint8Array[] {
    return lengths.map((length) => someBytes(length, real.seed++));
  }
  toString(): string {
    return `append [${this.lengths}] after an abandoned [${this.abandoned}]`;
  }
}

class Sync implements Step {
  check(): boolean {
    return true;
  }
  run(model: Model, real: Real): void {
    real.writer.sync();
    expect(real.writer.durable).toBe(real.writer.position);
    model.synced = model.groups.length;
    check(model, real, real.writer.durable);
  }
  toString(): string {
    return 'sync';
  }
}

class Restart implements Step {
  readonly open: readonly number[];
  constructor(open: readonly number[]) {
    this.open = open;
  }
  check(): boolean {
    return true;
  }
  run(model: Model, real: Real): void {
    // An attempt that never came to its end is gone after the restart.
    if (this.open.length > 0)
      appendGroup(
        real.writer,
        this.open.map((n) => someBytes(n, real.seed++)),
        false,
      );
    real.writer.close();
    reopen(model, real);
  }
  toString(): string {
    return `restart after an open [${this.open}]`;
  }
}

/** The machine stops: of the newest segment only a part of what was not synced is there. */
class Crash implements Step {
  readonly kept: number;
  constructor(kept: number) {
    this.kept = kept;
  }
  check(): boolean {
    return true;
  }
  run(model: Model, real: Real): void {
    const { durable, position } = real.writer;
    const newest = listSegments(quickDisk, real.folder).at(-1);
    // Closing would sync; the descriptor goes, the bytes are as the crash left them.
    real.writer.close();
    if (newest !== undefined && durable > newest.start) {
      const left = durable + Math.floor((position - durable) * this.kept);
      truncateSync(newest.path, left - newest.start);
      model.groups = model.groups.filter((group) => group.end <= left);
    }
    reopen(model, real);
  }
  toString(): string {
    return `crash that keeps ${this.kept} of what was not synced`;
  }
}

class Drop implements Step {
  readonly share: number;
  constructor(share: number) {
    this.share = share;
  }
  check(model: Readonly<Model>): boolean {
    return model.synced > 0;
  }
  run(model: Model, real: Real): void {
    const chosen = model.groups[Math.floor((model.synced - 1) * this.share)] as ModelGroup;
    model.from = Math.max(model.from, chosen.end);
    const oldest = dropSegments(quickDisk, real.folder, model.from);
    expect(oldest).toBeLessThanOrEqual(model.from);
    expect(listSegments(quickDisk, real.folder)[0]?.start).toBe(oldest);
    check(model, real, real.writer.durable);
  }
  toString(): string {
    return `drop what lies before ${this.share}`;
  }
}

const lengths = fc.array(fc.nat(150), { minLength: 1, maxLength: 4 });
const maybe = fc.oneof(fc.constant<number[]>([]), lengths);
const share = fc.double({ min: 0, max: 0.999, noNaN: true });
const steps = [
  fc.tuple(lengths, maybe).map(([whole, abandoned]) => new Append(whole, abandoned)),
  fc.tuple(lengths, fc.constant([])).map(([whole, abandoned]) => new Append(whole, abandoned)),
  fc.constant(new Sync()),
  maybe.map((open) => new Restart(open)),
  share.map((kept) => new Crash(kept)),
  share.map((before) => new Drop(before)),
];

test('journal: behaves as an array of groups whose synced part survives every crash', () => {
  fc.assert(
    fc.property(
      fc.commands(steps, { maxCommands: 40 }),
      fc.integer({ min: 120, max: 900 }),
      (commands, segmentBytes) => {
        const setup = (): { model: Model; real: Real } => {
          const folder = temporaryFolder();
          const writer = new JournalWriter(quickDisk, folder, 'records', 0, { segmentBytes });
          return {
            model: { groups: [], synced: 0, from: 0 },
            real: { folder, segmentBytes, writer, seed: 1 },
          };
        };
        let made: Real | null = null;
        fc.modelRun(() => {
          const both = setup();
          made = both.real;
          return both;
        }, commands);
        (made as Real | null)?.writer.close();
      },
    ),
    { numRuns: 120 },
  );
});
