// Whether the ledger is the one that the journal was written beside. A folder that was deleted or damaged, a backup, another
// database, half a rebuild: each would judge what comes against a history that it does not have, so captures wait until an
// operator has seen to it.

import { REBUILDING } from '../ledger/rebuild.ts';
import type { Storage } from '../storage.ts';
import { sealsBehind } from './follower.ts';
import { type LedgerApi, troubleOf } from './ledger-api.ts';
import type { LedgerData } from './ledger-data.ts';

/** Nothing may be judged against this ledger. */
export class LedgerBehind extends Error {
  override readonly name = 'LedgerBehind';
}

/** Whether an error of the ledger at `url` says that files of the embedded one are not what they were. */
export function isDamage(error: unknown, url: string | null): error is Error {
  return url === null && (error as Error).name === 'DatabaseError' && troubleOf(error) === 'fault';
}

/**
 * What opens the ledger. An embedded one that does not open is damaged, as a power cut may leave it: that is waited out like a
 * wrong one, since an engine that ends over it is never stopped in good order, which a rebuild asks for. It is tried once, as
 * each try takes memory for a database.
 * @throws LedgerBehind when it is damaged, and whatever else `open` throws
 */
export function opener(
  open: () => Promise<LedgerApi>,
  { url, folder }: Pick<LedgerData, 'url' | 'folder'>,
): () => Promise<LedgerApi> {
  let damage: LedgerBehind | null = null;
  return async () => {
    if (damage !== null) throw damage;
    try {
      return await open();
    } catch (error) {
      if (!isDamage(error, url)) throw error;
      damage = new LedgerBehind(
        `the ledger in ${folder} is damaged, it does not open (${error.message}). Make it again with firn ledger rebuild`,
        { cause: error },
      );
      throw damage;
    }
  };
}

/** @throws LedgerBehind, and whatever the ledger throws */
export async function checkLedger(
  ledger: Pick<LedgerApi, 'doubt' | 'eventsOf' | 'lastProved'>,
  { newest, log, origin }: Pick<LedgerData, 'newest' | 'log' | 'origin'>,
  storage: Storage,
): Promise<void> {
  const { doubt } = ledger;
  if (doubt !== null) throw behind(doubt);
  if ((await ledger.lastProved(REBUILDING)) >= 0)
    throw behind('its rebuild did not come to an end, and what follows from its events is missing');
  if (newest !== null) {
    const there = await ledger.eventsOf(newest.capture);
    if (there < newest.accepted)
      throw behind(
        `of ${newest.accepted} events of capture ${newest.capture} that were accepted it has ${there}`,
      );
  }
  const seals = sealsBehind(storage, log, -1);
  if (seals.length > 0 && (await ledger.eventsOf(null)) === 0)
    throw behind(`${seals.length} batches of accepted events are sealed, and it has no event`);
  const proved = await ledger.lastProved(origin);
  const last = seals.at(-1)?.index ?? -1;
  if (proved > last)
    throw behind(`it has proofs up to seal ${proved} of ${origin}, and the log here up to ${last}`);
}

function behind(why: string): LedgerBehind {
  return new LedgerBehind(
    `this is not the ledger that belongs to this data folder: ${why}. Put back the right one, or make it again with firn ledger rebuild`,
  );
}
