// What a replay would send. A record is sent again once: after that it is in the lake, or it was refused again and the
// newer dead letter stands for it; sending both would double it. Only somebody who insists gets more.

import { type LetterObject, longReference } from '../reference.ts';
import { EPCIS_STREAM } from '../schema/epcis-event.ts';
import { VerifyError } from '../verify/files.ts';
import { type History, type Replay, replaysOf } from './history.ts';
import type { LetterLake } from './lake.ts';
import { type Filter, findNamed, type Letter, letterObjects, lettersNamed, lettersOf } from './letters.ts';

/** Lines of one object that were replayed equally often. */
export interface Batch {
  readonly object: LetterObject;
  readonly lines: readonly number[];
  /** How often they were replayed before. */
  readonly again: number;
}

export interface Skipped {
  readonly letter: Pick<Letter, 'reference' | 'short'>;
  readonly last: Replay;
}

export interface Plan {
  readonly batches: readonly Batch[];
  /** Records to send. */
  readonly records: number;
  readonly skipped: readonly Skipped[];
  /** Letters of the filter that belong to captures: their documents are sent again, by their partner. */
  readonly ofCaptures: number;
}

export interface Selection {
  readonly references: readonly string[];
  readonly filter: Filter;
  /** Send also what was replayed before; of a filter's letters only those that were not refused again. */
  readonly again: boolean;
}

/**
 * Finds what is meant and has not been replayed. Keeps line numbers, not letters.
 * @throws VerifyError where only letters of captures are meant
 */
export async function planReplay(lake: LetterLake, selection: Selection): Promise<Plan> {
  const named = selection.references.length > 0;
  if (selection.filter.stream === EPCIS_STREAM) throw ofCapture('dead letters of epcis');
  let ofCaptures = 0;
  const meant = new Map<LetterObject, readonly Letter[]>();
  const light: { object: LetterObject; letters: readonly Light[] }[] = [];
  if (named) {
    for (const each of await findNamed(lake, selection.references)) {
      const [line = 0] = each.lines;
      if (each.object.stream === EPCIS_STREAM) throw ofCapture(longReference(each.object.key, line));
      meant.set(each.object, await lettersNamed(lake, each));
    }
    for (const [object, letters] of meant) light.push({ object, letters: letters.map(lightOf) });
  } else {
    for await (const object of letterObjects(lake, selection.filter)) {
      const letters = await lettersOf(lake, object, selection.filter);
      if (object.stream === EPCIS_STREAM) ofCaptures += letters.length;
      else if (letters.length > 0) light.push({ object, letters: letters.map(lightOf) });
    }
  }
  const days = light.map(({ object }) => object.day).sort();
  const history: History =
    days[0] === undefined
      ? new Map()
      : await replaysOf(lake, new Set(light.map(({ object }) => object.key)), days[0]);
  return { ...divide(light, history, selection.again, named), ofCaptures };
}

/** One event of a document means little without the others, and the verdicts of all hang together. */
function ofCapture(what: string): VerifyError {
  return new VerifyError(`${what}: events of a capture are not replayed, send the document again`);
}

type Light = Pick<Letter, 'line' | 'short'>;
const lightOf = ({ line, short }: Letter): Light => ({ line, short });

function divide(
  light: readonly { object: LetterObject; letters: readonly Light[] }[],
  history: History,
  insist: boolean,
  named: boolean,
): Omit<Plan, 'ofCaptures'> {
  const batches: Batch[] = [];
  const skipped: Skipped[] = [];
  let records = 0;
  for (const { object, letters } of light) {
    const byCount = new Map<number, number[]>();
    for (const { line, short } of letters) {
      const reference = longReference(object.key, line);
      const replays = history.get(reference) ?? [];
      const last = replays.at(-1);
      if (last !== undefined && !(insist && (named || last.outcome !== 'refused'))) {
        skipped.push({ letter: { reference, short }, last });
        continue;
      }
      records += 1;
      const same = byCount.get(replays.length);
      if (same === undefined) byCount.set(replays.length, [line]);
      else same.push(line);
    }
    for (const [again, lines] of byCount) batches.push({ object, lines, again });
  }
  return { batches, records, skipped };
}
