// C2SP trust policies (c2sp.org/tlog-policy): which log keys to trust and how many witnesses must have cosigned. firn
// writes a policy of one log and no witness; it reads any, and keeps what it does not evaluate, so that a report can say
// so.

import { NoteError, type NoteKey, parseVkey, vkey } from './note.ts';

export interface PolicyLog extends NoteKey {
  readonly url: string | null;
}

export interface Policy {
  readonly logs: readonly PolicyLog[];
  /** `witness` and `group` lines as items: `['witness', 'X1', vkey]`, `['group', 'X', '2', 'X1', 'X2']`. */
  readonly witnesses: readonly (readonly string[])[];
  readonly groups: readonly (readonly string[])[];
  /** Name of a witness or group, or `none`. */
  readonly quorum: string;
}

/** A policy that trusts these log keys and asks for no witness. */
export function policyText(logs: readonly NoteKey[]): string {
  return `${logs.map((log) => `log ${vkey(log.name, log.publicKey)}\n`).join('')}quorum none\n`;
}

/** Reads a policy. @throws NoteError (`malformed`) with the number of the line at fault. */
export function parsePolicy(text: string): Policy {
  if (/[^\t\n\x20-\x7e\x80-\uffff]/.test(text))
    throw new NoteError('malformed', 'a policy is text without control characters');
  const logs: PolicyLog[] = [];
  const witnesses: string[][] = [];
  const groups: string[][] = [];
  const names = new Set<string>(['none']);
  let quorum: string | null = null;
  text.split('\n').forEach((line, index) => {
    const items = line.split(/[\t ]+/).filter((item) => item !== '');
    const [word, name = ''] = items;
    if (word === undefined || word.startsWith('#')) return;
    if (word === 'log' && (items.length === 2 || items.length === 3)) {
      logs.push(readLog(items, logs, index));
    } else if (word === 'witness' && (items.length === 3 || items.length === 4) && !names.has(name)) {
      witnesses.push(items);
      names.add(name);
    } else if (word === 'group' && !names.has(name) && isGroup(items, names)) {
      groups.push(items);
      names.add(name);
    } else if (word === 'quorum' && items.length === 2 && quorum === null && names.has(name)) {
      quorum = name;
    } else {
      throw new NoteError(
        'malformed',
        `line ${index + 1} of the policy is none of log, witness, group, quorum`,
      );
    }
  });
  if (quorum === null)
    throw new NoteError('malformed', 'a policy has one quorum line (quorum none: no witness is asked for)');
  return { logs, witnesses, groups, quorum };
}

function readLog(items: readonly string[], before: readonly PolicyLog[], index: number): PolicyLog {
  const log = { ...parseVkey(items[1] ?? ''), url: items[2] ?? null };
  if (before.some((other) => Buffer.compare(other.publicKey, log.publicKey) === 0)) {
    throw new NoteError('malformed', `line ${index + 1} of the policy names a key again`);
  }
  return log;
}

/** `group <name> all|any|<k> <member>…`: every member defined before, once, k between 1 and their number. */
function isGroup(items: readonly string[], names: ReadonlySet<string>): boolean {
  const [, , threshold = '', ...members] = items;
  if (members.length === 0 || new Set(members).size !== members.length) return false;
  if (members.includes('none') || !members.every((member) => names.has(member))) return false;
  if (threshold === 'all' || threshold === 'any') return true;
  return /^[1-9][0-9]*$/.test(threshold) && Number(threshold) <= members.length;
}
