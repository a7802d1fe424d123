// What names one refused record for ever: the key of its dead-letter object and its line there. A record that was replayed
// and refused again says which one it comes from: the session of its source is the link, its frame number the line.

import { assert } from './assert.ts';
import { parseObjectKey } from './batch/object-key.ts';

/** One object of the dead letter. `day` is `YYYY-MM-DD`, `firstSeq` a decimal string. */
export interface LetterObject {
  readonly key: string;
  readonly stream: string;
  readonly day: string;
  readonly root: string;
  readonly firstSeq: string;
}

/** Sessions that begin so are the engine's own: no client may take one. */
export const REPLAY_SESSION = 'replay:';

/** 128 bits of the root name a batch; the rest of a session's 64 characters is for the sequence number. */
const LINK_ROOT_DIGITS = 32;
const SHORT_ROOT_DIGITS = 12;

/** The object that `key` names, or null when that is no object of a dead letter. */
export function letterObject(key: string): LetterObject | null {
  const name = parseObjectKey(key);
  if (name === null || name.cls.kind !== 'dead-letter') return null;
  return { key, stream: name.cls.stream, day: name.day, root: name.root, firstSeq: name.firstSeq };
}

/** The session under which records of this object are replayed, e.g. `replay:057e…_41`. */
export function replaySession({ root, firstSeq }: Pick<LetterObject, 'root' | 'firstSeq'>): string {
  const session = `${REPLAY_SESSION}${root.slice(0, LINK_ROOT_DIGITS)}_${firstSeq}`;
  assert(session.length <= 64, 'the session of a replay is as long as any session may be');
  return session;
}

/** The long name of a record: `<key>:<line from 1>`, as `firn verify --record` takes it. */
export function longReference(key: string, line: number): string {
  return `${key}:${line}`;
}

/** The short name of a record: the beginning of its batch's root, and its line. */
export function shortReference({ root }: Pick<LetterObject, 'root'>, line: number): string {
  return `${root.slice(0, SHORT_ROOT_DIGITS)}:${line}`;
}

/** What somebody wrote as a reference: `name` is a key or the beginning of a root. Null when it is none. */
export function parseReference(text: string): { readonly name: string; readonly line: number } | null {
  const [, name, line] = /^(.+):([1-9][0-9]{0,8})$/.exec(text) ?? [];
  if (name === undefined) return null;
  const isName = letterObject(name) !== null || /^[0-9a-f]{8,64}$/.test(name);
  return isName ? { name, line: Number(line) } : null;
}
