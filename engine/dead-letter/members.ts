// One line of a dead letter (FORMAT.md §6), read with suspicion: whoever looks into a lake did not always make it, and a
// Merkle root that fits says only that the lines are those that their name was made from.

export interface LetterMembers {
  readonly code: string;
  readonly detail: string;
  readonly path: string | null;
  readonly raw_b64: string;
  readonly received_utc: string;
  readonly rejected_utc: string;
  readonly schema: string | null;
  readonly source: {
    readonly frame: number | null;
    readonly principal: string | null;
    readonly record: number | null;
    readonly session: string | null;
  };
}

const TEXTS = ['code', 'detail', 'raw_b64', 'received_utc', 'rejected_utc'] as const;

/** The members of a line, or null when it is none of a dead letter. */
export function membersOf(line: Buffer): LetterMembers | null {
  const members = objectIn(line);
  const source = members?.['source'];
  if (members === null || typeof source !== 'object' || source === null) return null;
  const { frame, principal, record, session } = source as Record<string, unknown>;
  const isSound =
    TEXTS.every((name) => typeof members[name] === 'string') &&
    [members['path'], members['schema'], principal, session].every((value) => isOrNull(value, 'string')) &&
    [frame, record].every((value) => isOrNull(value, 'number'));
  return isSound ? (members as unknown as LetterMembers) : null;
}

function objectIn(line: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

function isOrNull(value: unknown, type: 'string' | 'number'): boolean {
  return value === null || typeof value === type;
}
