// The ledger once more, out of the lake: accepted events of every sealed batch in log order, each with its proof, then what
// follows from all of them. What the lake does not have, which is jobs and acknowledgements, does not come back.

import { join } from 'node:path';
import { decodeSeal, type ObjectSeal } from '../batch/seal.ts';
import type { LetterLake } from '../dead-letter/lake.ts';
import { objectLines } from '../dead-letter/object.ts';
import { ConfigError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { StoredEvent } from '../ledger/rebuild.ts';
import type { Storage } from '../storage.ts';
import { sealsBehind } from './follower.ts';
import type { SealedBatch } from './messages.ts';
import { storedEvent } from './stored-line.ts';

/** As a chunk of the stage: events, and rows. */
const EVENTS_AT_ONCE = 1000;
const ROWS_AT_ONCE = 50_000;

export interface Rebuilt {
  readonly batches: number;
  readonly events: number;
  readonly rows: number;
}

/**
 * Every seal of accepted events, of all names that the log has had, in order. Numbers of seals begin anew with each name.
 * @param folder `state/log`
 */
export function allSeals(storage: Storage, folder: string): readonly (readonly SealedBatch[])[] {
  const names = storage.list(folder).filter((name) => /^[0-9]+$/.test(name));
  names.sort((a, b) => Number(a) - Number(b));
  return names.map((name) => sealsBehind(storage, join(folder, name), -1));
}

/**
 * Fills an empty ledger.
 * @param onBatch called after each batch
 * @throws ConfigError when the ledger is not empty; VerifyError when an object cannot be read or was changed
 */
export async function rebuildLedger(
  ledger: Ledger,
  lake: LetterLake,
  logs: readonly (readonly SealedBatch[])[],
  onBatch: (done: number, objectBytes: number) => void,
): Promise<Rebuilt> {
  const { event = '' } = await ledger.digest();
  if (!event.startsWith('0 '))
    throw new ConfigError(
      'the ledger is not empty: rebuild into a database without the schema "firn" (DROP SCHEMA firn CASCADE)',
    );
  let batches = 0;
  let events = 0;
  let rows = 0;
  let bytes = 0;
  for (const log of logs) {
    for (const { seal, index } of log) {
      const { key, root, zstd_bytes, engine } = decodeSeal(Buffer.from(seal)) as ObjectSeal;
      const stored = (await objectLines(lake, key)).map((line) => storedEvent(line.toString('utf8')));
      for (const chunk of chunksOf(stored)) await ledger.replay(chunk);
      const proofs = stored.map((each, line) => {
        const { capture, index: ord } = each;
        return { capture, index: ord, key, line, root, logIndex: index };
      });
      // Each log has a name of its own; only the last one goes on.
      await ledger.prove(proofs, index, engine);
      batches += 1;
      events += stored.length;
      rows += stored.reduce((sum, { canonical }) => sum + canonical.rows.length, 0);
      bytes += zstd_bytes;
      onBatch(batches, bytes);
    }
  }
  await ledger.endReplay();
  return { batches, events, rows };
}

function* chunksOf(events: readonly StoredEvent[]): Generator<readonly StoredEvent[]> {
  let from = 0;
  let rows = 0;
  for (const [at, { canonical }] of events.entries()) {
    const over = at - from >= EVENTS_AT_ONCE || rows + canonical.rows.length > ROWS_AT_ONCE;
    if (at > from && over) {
      yield events.slice(from, at);
      from = at;
      rows = 0;
    }
    rows += canonical.rows.length;
  }
  if (from < events.length) yield events.slice(from);
}
