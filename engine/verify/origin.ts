// One log from its checkpoint down to its objects.

import { type NoteKey, vkey } from '../seal/note.ts';
import { Chain } from './chain.ts';
import type { Lake } from './lake.ts';
import { LogReader } from './log.ts';
import type { ObjectJob } from './object.ts';
import { Findings, type OriginReport } from './report.ts';
import { type Head, keptCheckpoints, readCheckpoint } from './trust.ts';

/** A running engine replaces `checkpoint` right after it has kept a copy: a smaller one is looked at again for so long. */
const REPLACE_TRIES = 10;
const REPLACE_WAIT_MS = 200;

/** What one log needs from the verification that it is part of. */
export interface OriginInput {
  readonly lake: Lake;
  readonly origin: string;
  readonly keys: readonly NoteKey[];
  /** The auditor's own checkpoint of this log. */
  readonly since: Head | null;
  readonly quick: boolean;
  readonly findings: Findings;
  /** Whether a log whose policy is of this time may have published nothing yet. */
  mayBegin(policyMs: number): boolean;
  /** How many seals there are, as soon as it is known. */
  onSize(size: number): void;
  /** Before each seal. */
  onSeal(): Promise<void>;
  /** An object to look at: resolves when there is room for the next. */
  onObject(job: ObjectJob): Promise<void>;
  /** Resolves when every object is looked at; audit results have gone to the chain by then. */
  drain(): Promise<void>;
  /** The chain wants to know the events in audit objects. */
  onChain(chain: Chain): void;
}

/** What came of one log. `doubtedTiles`: keys of tiles that nothing may be compared with. */
export interface CheckedOrigin {
  readonly report: OriginReport;
  readonly broken: boolean;
  readonly doubtedTiles: readonly string[];
}

/** Names of the logs below `_log/`, sorted: the folders that hold a log's files. */
export async function findOrigins(lake: Lake): Promise<string[]> {
  const found: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    const { folders, files } = await lake.list(folder);
    const own = (name: string): boolean => name === 'tile' || name === 'checkpoints';
    const isLog = files.includes('checkpoint') || files.includes('policy') || folders.some(own);
    if (isLog && folder !== '_log') found.push(folder.slice('_log/'.length));
    for (const name of folders) if (!isLog || !own(name)) await visit(`${folder}/${name}`);
  };
  await visit('_log');
  return found.sort();
}

/** Verifies one log. @returns its report, whether some seals could not be read, and tiles in doubt. */
export async function checkOrigin(input: OriginInput): Promise<CheckedOrigin> {
  const { lake, origin, keys, since, findings } = input;
  const kept = await keptCheckpoints(lake, origin, keys, findings);
  const begun = kept.length > 0 || !(await mayBegin(input));
  const head = begun ? await newestHead(input, kept) : null;
  const size = head?.size ?? kept.at(-1)?.size ?? 0;
  input.onSize(size);
  if (since !== null && since.size > size) {
    const reason = `the log has ${size} seals, it had ${since.size} when ${since.key} was kept`;
    findings.add('ROLLBACK', origin, `_log/${origin}/checkpoint`, null, reason);
  }
  const heads = [...kept, ...(since === null ? [] : [since]), ...(head === null ? [] : [head])];
  const reader = new LogReader(lake, origin, size, heads, findings);
  const chain = new Chain(origin, findings);
  input.onChain(chain);
  for await (const entries of reader.bundles()) {
    for (const { index, bytes, where, doubtful } of entries) {
      await input.onSeal();
      const named = bytes === null ? chain.lost() : chain.step(index, bytes, where, doubtful);
      if (named !== null) await input.onObject({ origin, index, ...named, doubtful, quick: input.quick });
    }
  }
  await input.drain();
  if (!input.quick) chain.end();
  const proven = await reader.conclude();
  await reader.keptTiles(kept);
  const report = {
    origin,
    size,
    root: head === null ? null : Buffer.from(head.root).toString('base64'),
    begun,
    proven,
    keys: keys.map((key) => vkey(key.name, key.publicKey)),
    checkpoints: kept.length,
    seals: chain.counts,
    firstSealed: chain.firstSealed,
    lastSealed: chain.lastSealed,
  };
  return { report, broken: reader.broken, doubtedTiles: reader.doubtedTiles };
}

/** An engine puts its policy at its first start, and the first checkpoint after its first seal. */
async function mayBegin({ lake, origin, mayBegin }: OriginInput): Promise<boolean> {
  const policyMs = await lake.modifiedMs(`_log/${origin}/policy`);
  if (policyMs === null || !mayBegin(policyMs)) return false;
  return (await lake.modifiedMs(`_log/${origin}/checkpoint`)) === null;
}

/** The checkpoint; ROLLBACK when it stays behind one that was kept. */
async function newestHead(
  { lake, origin, keys, findings }: OriginInput,
  kept: readonly Head[],
): Promise<Head | null> {
  const keptSize = kept.findLast((one) => one.signed)?.size ?? 0;
  const key = `_log/${origin}/checkpoint`;
  for (let tries = 0; tries < REPLACE_TRIES; tries++) {
    const head = await readCheckpoint(lake, key, origin, keys, new Findings());
    if (head === null || head.size >= keptSize) break;
    await new Promise((wake) => setTimeout(wake, REPLACE_WAIT_MS));
  }
  const head = await readCheckpoint(lake, key, origin, keys, findings);
  if (head !== null && head.size < keptSize) {
    const reason = `${head.size} seals, but a checkpoint of ${keptSize} was kept in checkpoints/`;
    findings.add('ROLLBACK', origin, key, null, reason);
  }
  return head;
}
