// What the audit stream says about replays: for each record who asked for it, when and why, and what came of it.

import { type LetterObject, letterObject, longReference, replaySession } from '../reference.ts';
import { unknownSchemaStream } from '../schema/unknown.ts';
import type { LetterLake } from './lake.ts';
import { type Letter, lettersOf, streamOf } from './letters.ts';
import { objectLines, objectsByDay } from './object.ts';

/** One replay of one record. */
export interface Replay {
  readonly atUtc: string;
  readonly actor: string;
  readonly authorisedBy: string | null;
  readonly reason: string | null;
  /** `unknown`: the engine ended before it could say. */
  outcome: 'accepted' | 'refused' | 'unknown';
  /** Why it was refused again. */
  code: string | null;
}

/** Replays of each record, oldest first, by its long reference. */
export type History = ReadonlyMap<string, readonly Replay[]>;

interface ReplayEvent {
  readonly action: string;
  readonly actor: string;
  readonly at_utc: string;
  readonly authorised_by: string | null;
  readonly reason: string | null;
  readonly target: string;
  readonly new: {
    readonly records?: readonly { readonly line: number }[];
    readonly accepted?: readonly number[];
    readonly rejected?: readonly { readonly line: number; readonly code: string | null }[];
  };
}

const MARK = Buffer.from('"action":"dead-letter.replay');

/** Reads the audit stream from `fromDay` (`YYYY-MM-DD`) on, for replays out of the objects in `keys`. */
export async function replaysOf(
  lake: LetterLake,
  keys: ReadonlySet<string>,
  fromDay: string,
): Promise<History> {
  const history = new Map<string, Replay[]>();
  for await (const key of objectsByDay(lake, 'audit', fromDay, '9999-99-99')) {
    for (const line of await objectLines(lake, key)) {
      if (!line.includes(MARK)) continue;
      const event = JSON.parse(line.toString('utf8')) as ReplayEvent;
      if (keys.has(event.target)) apply(history, event);
    }
  }
  return history;
}

function apply(history: Map<string, Replay[]>, event: ReplayEvent): void {
  const { action, target, actor, reason } = event;
  if (action === 'dead-letter.replay') {
    for (const { line } of event.new.records ?? []) {
      const reference = longReference(target, line);
      const before = history.get(reference) ?? [];
      const replay: Replay = {
        atUtc: event.at_utc,
        actor,
        authorisedBy: event.authorised_by,
        reason,
        outcome: 'unknown',
        code: null,
      };
      history.set(reference, [...before, replay]);
    }
  } else if (action === 'dead-letter.replayed') {
    for (const line of event.new.accepted ?? [])
      settle(history, longReference(target, line), 'accepted', null);
    for (const { line, code } of event.new.rejected ?? [])
      settle(history, longReference(target, line), 'refused', code);
  }
}

function settle(
  history: ReadonlyMap<string, Replay[]>,
  reference: string,
  outcome: 'accepted' | 'refused',
  code: string | null,
): void {
  const open = history.get(reference)?.findLast((replay) => replay.outcome === 'unknown');
  if (open === undefined) return;
  open.outcome = outcome;
  open.code = code;
}

/** The letters that replays of `letter` have left: refused again, they name it as where they come from. */
export async function refusedAgain(lake: LetterLake, letter: Letter): Promise<readonly Letter[]> {
  const session = replaySession(letter.object);
  const found: Letter[] = [];
  for await (const object of kindred(lake, letter)) {
    for (const other of await lettersOf(lake, object)) {
      const { source } = other.members;
      if (source.session === session && source.frame === letter.line) found.push(other);
    }
  }
  return found;
}

/** The letter that this one is a replay of, or null. Only the engine makes sessions of such names. */
export async function replayOf(lake: LetterLake, letter: Letter): Promise<string | null> {
  const { session, frame } = letter.members.source;
  for await (const object of kindred(lake, letter)) {
    if (replaySession(object) === session && frame !== null) return longReference(object.key, frame);
  }
  return null;
}

/** The dead letters of the stream's same day: a replay keeps the time, and so the day, of the first arrival. */
async function* kindred(lake: LetterLake, letter: Letter): AsyncGenerator<LetterObject> {
  const stream = await streamOf(lake, letter);
  const { day } = letter.object;
  for (const name of [stream, unknownSchemaStream(stream)]) {
    for await (const key of objectsByDay(lake, `dead-letter/${name}`, day, day)) {
      const object = letterObject(key);
      if (object !== null) yield object;
    }
  }
}
