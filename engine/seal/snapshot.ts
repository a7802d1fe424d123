// The snapshot: everything that recovery would otherwise have to find in journal segments that are gone. One file,
// `state/snapshot`, replaced whole: an old one or a new one is there, never a mix. Recovery = snapshot + journal after it.
//
//   line 1        head (JSON): positions, next sequence numbers, chain of seals
//   n lines       the open batches, with their runs
//   the rest      the fold (engine/journal/fold-lines.ts)
//   last line     SHA-256 of all bytes before it, hex
//
// Trace: create snapshot.tmp, write …, fsync, close, rename, fsync of the folder. Only then may segments go.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { FatalError } from '../errors.ts';
import { type Acct, Fold } from '../journal/fold.ts';
import { MIB } from '../limits.ts';
import type { Table } from '../schema/table.ts';
import type { Storage } from '../storage.ts';
import { type OpenBatch, PARTITION_KIND } from './partitions.ts';
import { Runs } from './runs.ts';

const FILE = 'snapshot';
const FORMAT = 'firn.snapshot/1';
const TRAILER_BYTES = 65;

/** What the sealer knows beside the fold. */
export interface SealState {
  /** Name of the log that this state belongs to. */
  readonly engine: string;
  /** What the fold had counted before this log began: a log accounts for its own life only. */
  readonly base: Acct;
  /** Where the seal journal is to be read on: what was not published lies behind it. */
  readonly sealsPosition: number;
  /** Index of the next cut: cuts below it have taken their records already. */
  readonly nextIndex: number;
  /** SHA-256 of the seal before `nextIndex`, hex. */
  readonly prev: string;
  /** Seals in the local log. */
  readonly logSize: number;
  readonly sealedMs: number;
  /** Hour (since 1970) whose first checkpoint is kept already. */
  readonly keptHour: number;
  readonly nextSeq: ReadonlyMap<string, number>;
}

/** The record journal is to be read on at `fold.position`. */
export interface Snapshot extends SealState {
  readonly fold: Fold;
  readonly partitions: readonly OpenBatch[];
}

interface Head extends Omit<SealState, 'nextSeq'> {
  readonly format: string;
  readonly nextSeq: Readonly<Record<string, number>>;
  readonly partitions: number;
}

/** Writes the snapshot, durably. Throws FatalError when the disk fails. */
export function writeSnapshot(
  storage: Storage,
  stateFolder: string,
  fold: Fold,
  state: SealState,
  partitions: Iterable<OpenBatch>,
): void {
  const path = join(stateFolder, FILE);
  try {
    if (storage.stat(`${path}.tmp`) !== null) storage.unlink(`${path}.tmp`);
    const file = storage.create(`${path}.tmp`);
    try {
      writeLines(storage, file, linesOf(fold, state, [...partitions]));
      storage.sync(file);
    } finally {
      storage.close(file);
    }
    storage.rename(`${path}.tmp`, path);
    storage.syncFolder(stateFolder);
  } catch (error) {
    if (error instanceof FatalError) throw error;
    throw new FatalError(`the snapshot ${path} could not be written (${(error as Error).message})`, {
      cause: error,
    });
  }
}

function* linesOf(fold: Fold, state: SealState, partitions: readonly OpenBatch[]): Generator<string> {
  const { engine, base, sealsPosition, nextIndex, prev, logSize, sealedMs, keptHour } = state;
  const head: Head = {
    ...{ format: FORMAT, engine, base, sealsPosition, nextIndex, prev, logSize, sealedMs, keptHour },
    nextSeq: Object.fromEntries(state.nextSeq),
    partitions: partitions.length,
  };
  yield JSON.stringify(head);
  for (const { kind, stream, day, count, bytes, stopAt, runs } of partitions) {
    yield JSON.stringify({ kind, stream, day, count, bytes, stopAt, runs: runs.dump() });
  }
  yield* fold.dump();
}

function writeLines(storage: Storage, file: number, lines: Iterable<string>): void {
  const hash = createHash('sha256');
  let offset = 0;
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const flush = (): void => {
    const chunk = Buffer.concat(parts);
    storage.write(file, [chunk], offset);
    offset += chunk.length;
    parts = [];
    bytes = 0;
  };
  for (const line of lines) {
    const part = Buffer.from(`${line}\n`, 'utf8');
    hash.update(part);
    parts.push(part);
    bytes += part.length;
    if (bytes >= MIB) flush();
  }
  parts.push(Buffer.from(`${hash.digest('hex')}\n`, 'latin1'));
  flush();
}

/**
 * Reads the snapshot; null when there is none. Throws FatalError when it is damaged: an empty table in its place would
 * accept records a second time.
 */
export function readSnapshot(
  storage: Storage,
  stateFolder: string,
  tableOf: (stream: number) => Table,
): Snapshot | null {
  const path = join(stateFolder, FILE);
  const found = storage.stat(path);
  if (found === null) return null;
  const file = storage.open(path);
  try {
    const end = found.bytes - TRAILER_BYTES;
    if (end < 0 || hashOf(storage, file, end) !== trailer(storage, file, end))
      throw new Error('its checksum does not fit');
    return parse(readLines(storage, file, end), tableOf);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FatalError(`the snapshot ${path} is damaged (${why}): restore the data folder from a backup`, {
      cause: error,
    });
  } finally {
    storage.close(file);
  }
}

/**
 * How many batches had been cut when the snapshot was made, 0 without one: the records of those may be in the outbox and
 * nowhere else. Only the first line is read; whether the snapshot is whole, `readSnapshot` tells.
 */
export function batchesCut(storage: Storage, stateFolder: string): number {
  const path = join(stateFolder, FILE);
  const found = storage.stat(path);
  if (found === null) return 0;
  const file = storage.open(path);
  try {
    const { nextIndex } = JSON.parse(nextLine(readLines(storage, file, found.bytes))) as Head;
    if (Number.isSafeInteger(nextIndex)) return nextIndex;
    throw new Error('it does not begin as a snapshot');
  } catch (error) {
    throw new FatalError(`the snapshot ${path} is damaged: restore the data folder from a backup`, {
      cause: error,
    });
  } finally {
    storage.close(file);
  }
}

function parse(lines: Generator<string>, tableOf: (stream: number) => Table): Snapshot {
  const head = JSON.parse(nextLine(lines)) as Head;
  if (head.format !== FORMAT) throw new Error(`format ${head.format}, this firn reads ${FORMAT}`);
  const partitions: OpenBatch[] = [];
  for (let i = 0; i < head.partitions; i++) {
    const line = JSON.parse(nextLine(lines)) as Omit<OpenBatch, 'runs'> & { runs: string[] };
    partitions.push({ ...line, runs: Runs.load(line.runs, line.kind === PARTITION_KIND.deadLetter) });
  }
  const { engine, base, sealsPosition, nextIndex, prev, logSize, sealedMs, keptHour } = head;
  const nextSeq = new Map(Object.entries(head.nextSeq));
  return {
    engine,
    base,
    sealsPosition,
    nextIndex,
    prev,
    logSize,
    sealedMs,
    keptHour,
    nextSeq,
    partitions,
    fold: Fold.load(lines, tableOf),
  };
}

function nextLine(lines: Generator<string>): string {
  const line = lines.next();
  if (line.done === true) throw new Error('it ends early');
  return line.value;
}

function hashOf(storage: Storage, file: number, end: number): string {
  const hash = createHash('sha256');
  for (const chunk of chunks(storage, file, end)) hash.update(chunk);
  return hash.digest('hex');
}

function trailer(storage: Storage, file: number, at: number): string {
  const bytes = new Uint8Array(TRAILER_BYTES - 1);
  storage.read(file, bytes, at);
  return Buffer.from(bytes).toString('latin1');
}

/** The lines of the first `end` bytes, without LF. */
function* readLines(storage: Storage, file: number, end: number): Generator<string> {
  let open: Buffer[] = [];
  for (const chunk of chunks(storage, file, end)) {
    let from = 0;
    for (let to = chunk.indexOf(0x0a); to >= 0; to = chunk.indexOf(0x0a, from)) {
      open.push(chunk.subarray(from, to));
      yield Buffer.concat(open).toString('utf8');
      open = [];
      from = to + 1;
    }
    if (from < chunk.length) open.push(Buffer.from(chunk.subarray(from)));
  }
}

/** The first `end` bytes, MiB by MiB; each chunk is valid until the next. */
function* chunks(storage: Storage, file: number, end: number): Generator<Buffer> {
  const buffer = Buffer.alloc(Math.min(end, MIB));
  for (let at = 0; at < end; at += buffer.length) {
    const chunk = buffer.subarray(0, Math.min(buffer.length, end - at));
    if (storage.read(file, chunk, at) !== chunk.length) throw new Error('it ends early');
    yield chunk;
  }
}
