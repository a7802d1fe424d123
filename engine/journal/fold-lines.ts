// A fold as JSON lines, the part of the snapshot that holds the tables: first a line with the numbers and the lengths
// of the tables, then one line per source, per key and per capture, each table in its own order. Loading gives the same fold,
// row order included; a file that lost lines is found by the lengths.

import { FatalError } from '../errors.ts';
import type { Acct, CaptureRow, FoldState, KeyRow, SessionRow } from './rows.ts';

const FORMAT = 'firn.fold/1';

/** The first line. */
interface Head {
  readonly format: string;
  readonly acct: Acct;
  readonly nextSource: number;
  readonly wallMs: number;
  readonly runningMs: number;
  readonly position: number;
  readonly sources: number;
  readonly keys: number;
  /** Absent in snapshots from before there were captures. */
  readonly captures?: number;
}

export function* dumpFold(fold: FoldState): Generator<string> {
  const { acct, nextSource, wallMs, runningMs, position } = fold;
  const sizes = { sources: fold.sources.size, keys: fold.keys.size, captures: fold.captures.byId.size };
  const head: Head = { format: FORMAT, acct, nextSource, wallMs, runningMs, position, ...sizes };
  yield JSON.stringify(head);
  for (const row of fold.sources.values()) yield JSON.stringify(row);
  for (const row of fold.keys.values()) yield JSON.stringify(row);
  for (const row of fold.captures.byId.values()) yield JSON.stringify(row);
}

/** Fills a new, empty fold. */
export function loadFold(fold: FoldState, lines: Iterable<string>): void {
  const rows = lines[Symbol.iterator]();
  const head = parse(rows.next()) as Partial<Head>;
  if (head.format !== FORMAT) throw new FatalError(`the snapshot holds no ${FORMAT} tables`);
  const { acct, nextSource, wallMs, runningMs, position, sources, keys, captures = 0 } = head as Head;
  for (let i = 0; i < sources; i++) fold.addSource(parse(rows.next()) as SessionRow);
  for (let i = 0; i < keys; i++) fold.addKey(parse(rows.next()) as KeyRow);
  for (let i = 0; i < captures; i++) fold.captures.add(parse(rows.next()) as CaptureRow);
  if (rows.next().done !== true) throw new FatalError('the tables of the snapshot are longer than they say');
  const { byId } = fold.captures;
  if (fold.sources.size !== sources || fold.keys.size !== keys || byId.size !== captures) {
    throw new FatalError('the tables of the snapshot hold a row twice');
  }
  Object.assign(fold.acct, acct);
  fold.nextSource = nextSource;
  fold.wallMs = wallMs;
  fold.runningMs = runningMs;
  fold.position = position;
}

function parse(line: IteratorResult<string>): unknown {
  if (line.done === true) throw new FatalError('the tables of the snapshot are shorter than they say');
  try {
    return JSON.parse(line.value);
  } catch (error) {
    throw new FatalError('the tables of the snapshot hold a line that is not JSON', { cause: error });
  }
}
