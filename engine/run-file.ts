// What the data folder remembers of its last run: when it began, whether it ended in good order, and under which
// configuration. `state/run.json`, replaced at each start and at each orderly stop; only the audit trail reads it.

import { join } from 'node:path';
import { canonicalise } from '../workers/canonicalise.ts';
import { sha256Hex } from './batch/merkle.ts';
import type { Config } from './config.ts';
import { readWhole, replaceFile, type Storage } from './storage.ts';

const FILE = 'run.json';

export interface Run {
  readonly started_utc: string;
  /** Null while it runs, and for ever when it was not stopped in good order. */
  readonly stopped_utc: string | null;
  readonly version: string;
  readonly codec: string;
  /** The configuration without secrets, member by member. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** The last run, or null at the first start. A file that cannot be read counts as a run that did not end in good order. */
export function readRun(storage: Storage, stateFolder: string): Run | null {
  const bytes = readWhole(storage, join(stateFolder, FILE));
  if (bytes === null) return null;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Run;
  } catch {
    return {
      started_utc: '1970-01-01T00:00:00.000Z',
      stopped_utc: null,
      version: 'unknown',
      codec: 'unknown',
      config: {},
    };
  }
}

export function writeRun(storage: Storage, stateFolder: string, run: Run): void {
  replaceFile(storage, join(stateFolder, FILE), [Buffer.from(`${canonicalise(run)}\n`)]);
}

/** The configuration as the audit trail may tell it: tokens by name, scope and digest of their digest. */
export function withoutSecrets(config: Config): Record<string, unknown> {
  const tokens = config.tokens.map((token) => ({
    name: token.name,
    streams: token.streams,
    changed: sha256Hex(Buffer.from(token.sha256 ?? sha256Hex(Buffer.from(token.token ?? '')))).slice(0, 16),
  }));
  return JSON.parse(JSON.stringify({ ...config, tokens }));
}

/** Members that differ, with both values: what a `config.change` event says. Null when nothing differs. */
export function configChange(
  old: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): { old: Record<string, unknown>; new: Record<string, unknown> } | null {
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort();
  const changed = names.filter((name) => canonicalise(old[name] ?? null) !== canonicalise(now[name] ?? null));
  if (changed.length === 0) return null;
  const pick = (from: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(changed.map((name) => [name, from[name] ?? null]));
  return { old: pick(old), new: pick(now) };
}
