// Dead letters: the refused records in a lake, one by one, and which of them somebody means.

import {
  type LetterObject,
  letterObject,
  longReference,
  parseReference,
  shortReference,
} from '../reference.ts';
import { unknownSchemaStream } from '../schema/unknown.ts';
import { VerifyError } from '../verify/files.ts';
import type { LetterLake } from './lake.ts';
import { type LetterMembers, membersOf } from './members.ts';
import { objectLines, objectsByDay } from './object.ts';

/** A line of the dead letter (FORMAT.md §6), and where it lies. */
export interface Letter {
  readonly object: LetterObject;
  /** Its line in the object, from 1. */
  readonly line: number;
  /** `<key>:<line>` */
  readonly reference: string;
  /** The beginning of the batch's root, and the line. */
  readonly short: string;
  readonly members: LetterMembers;
}

/** Which letters are meant; what is absent does not matter. */
export interface Filter {
  readonly stream?: string;
  /** A code, or the beginning of one that ends in a dot: `json.` */
  readonly code?: string;
  /** Received at this time or later, and before that one; Unix ms. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

const FIRST_DAY = '0000-00-00';
const LAST_DAY = '9999-99-99';
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Streams that have dead letters. */
export function letterStreams(lake: LetterLake): Promise<readonly string[]> {
  return lake.folders('dead-letter');
}

/** Objects in which there may be letters of the filter: its streams and days, streams in order, then days. */
export async function* letterObjects(lake: LetterLake, filter: Filter): AsyncGenerator<LetterObject> {
  const { stream, fromMs, toMs } = filter;
  const from = fromMs === undefined ? FIRST_DAY : dayOf(fromMs);
  const to = toMs === undefined ? LAST_DAY : dayOf(toMs);
  for (const name of await letterStreams(lake)) {
    if (stream !== undefined && name !== stream) continue;
    for await (const key of objectsByDay(lake, `dead-letter/${name}`, from, to)) {
      const object = letterObject(key);
      if (object !== null) yield object;
    }
  }
}

/** The letters of one object that the filter means. @throws VerifyError when something else lies there */
export async function lettersOf(
  lake: LetterLake,
  object: LetterObject,
  filter: Filter = {},
): Promise<readonly Letter[]> {
  const lines = await objectLines(lake, object.key);
  return lines.flatMap((bytes, index) => {
    const members = membersOf(bytes);
    if (members === null)
      throw new VerifyError(`line ${index + 1} of ${object.key} is no dead letter: no firn wrote it so`);
    return isMeant(members, filter) ? [letterAt(object, index + 1, members)] : [];
  });
}

function letterAt(object: LetterObject, line: number, members: LetterMembers): Letter {
  const reference = longReference(object.key, line);
  return { object, line, reference, short: shortReference(object, line), members };
}

function isMeant({ code, received_utc }: LetterMembers, filter: Filter): boolean {
  const wanted = filter.code;
  if (wanted !== undefined && code !== wanted && !(wanted.endsWith('.') && code.startsWith(wanted)))
    return false;
  const receivedMs = Date.parse(received_utc);
  return !(receivedMs < (filter.fromMs ?? 0)) && !(receivedMs >= (filter.toMs ?? Number.POSITIVE_INFINITY));
}

/**
 * The stream whose records these are. Frames of unknown schema have a dead letter of their own; which stream it belongs to is
 * told by the names in the lake, since a long one is not whole in it.
 */
export async function streamOf(lake: LetterLake, { object, members }: Letter): Promise<string> {
  if (members.code !== 'schema.unknown') return object.stream;
  const streams = [...(await lake.folders('')), ...(await letterStreams(lake))];
  const known = streams.find((stream) => unknownSchemaStream(stream) === object.stream);
  return known ?? object.stream.replace(/-unknown-schema$/, '');
}

/** What references name: per object, in the order of the objects, the lines. */
export interface Named {
  readonly object: LetterObject;
  readonly lines: readonly number[];
}

/** Finds the objects of references, long or short. @throws VerifyError for one that names nothing or several things. */
export async function findNamed(lake: LetterLake, references: readonly string[]): Promise<readonly Named[]> {
  const wanted = references.map((text) => {
    const parsed = parseReference(text);
    if (parsed !== null) return { text, ...parsed };
    throw new VerifyError(
      `${text} names no dead letter: give KEY:LINE, or the beginning of a root and :LINE`,
    );
  });
  const found = new Map<string, { object: LetterObject; lines: Set<number> }>();
  const hits = new Map<string, string[]>(wanted.map(({ text }) => [text, []]));
  // Names that are whole keys are not looked for: their object is read or it is not there.
  const short = wanted.filter(({ name }) => letterObject(name) === null);
  for (const { text, name, line } of wanted) {
    const object = letterObject(name);
    if (object !== null) note(found, object, line, text, hits);
  }
  if (short.length > 0) {
    for await (const object of letterObjects(lake, {})) {
      for (const { text, name, line } of short)
        if (object.root.startsWith(name)) note(found, object, line, text, hits);
    }
  }
  for (const [text, keys] of hits) {
    if (keys.length === 0) throw new VerifyError(`${text} names no dead letter in ${lake.where}`);
    if (keys.length > 1)
      throw new VerifyError(`${text} names several dead letters, give the whole key: ${keys.join(' ')}`);
  }
  return [...found.values()].map(({ object, lines }) => ({
    object,
    lines: [...lines].sort((a, b) => a - b),
  }));
}

function note(
  found: Map<string, { object: LetterObject; lines: Set<number> }>,
  object: LetterObject,
  line: number,
  text: string,
  hits: Map<string, string[]>,
): void {
  const entry = found.get(object.key) ?? { object, lines: new Set<number>() };
  entry.lines.add(line);
  found.set(object.key, entry);
  const keys = hits.get(text) as string[];
  const reference = longReference(object.key, line);
  if (!keys.includes(reference)) keys.push(reference);
}

/** The letters that references name. @throws VerifyError for a line that the object has not. */
export async function lettersNamed(lake: LetterLake, { object, lines }: Named): Promise<readonly Letter[]> {
  const all = await lettersOf(lake, object);
  return lines.map((line) => {
    const letter = all[line - 1];
    if (letter === undefined)
      throw new VerifyError(`${object.key} has the lines 1 to ${all.length}, not ${line}`);
    return letter;
  });
}
