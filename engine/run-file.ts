// What the data folder remembers of its last run: when it began, whether it ended in good order, and under which
// configuration. `state/run.json`, replaced at each start and at each orderly stop; only the audit trail reads it.

import { join } from 'node:path';
import { canonicalise } from '../workers/canonicalise.ts';
import { sha256Hex } from './batch/merkle.ts';
import type { Config } from './config.ts';
import { ledgerName } from './config-epcis.ts';
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
  /** A digest for each token, by name: tells that a secret was replaced. Stays in this file (0600), never in the lake. */
  readonly secrets: Readonly<Record<string, string>>;
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
      secrets: {},
    };
  }
}

export function writeRun(storage: Storage, stateFolder: string, run: Run): void {
  replaceFile(storage, join(stateFolder, FILE), [Buffer.from(`${canonicalise(run)}\n`)]);
}

/** The configuration as the audit trail may tell it: tokens by name and scope. */
export function withoutSecrets(config: Config): Record<string, unknown> {
  const tokens = config.tokens.map(({ name, streams, gln }) => ({ name, streams, ...(gln && { gln }) }));
  const ledger = { ...config.ledger, url: ledgerName(config.ledger.url) };
  return JSON.parse(JSON.stringify({ ...config, tokens, ledger }));
}

/** What `Run.secrets` keeps: SHA-256 of the digest that the token is compared with. */
export function secretDigests({ tokens, ledger }: Pick<Config, 'tokens' | 'ledger'>): Record<string, string> {
  const digest = (text: string): string => sha256Hex(Buffer.from(text));
  const digests = tokens.map((t) => [t.name, digest(t.sha256 ?? digest(t.token ?? ''))] as const);
  // No token is called so: their names have no blanks.
  return Object.fromEntries([
    ...digests,
    ...(ledger.url === null ? [] : [['address of the ledger', digest(ledger.url)] as const]),
  ]);
}

type Members = Record<string, unknown>;

/** What a `config.change` event says: members that differ, with both values, and whose secret was replaced. Null = nothing. */
export function configChange(
  old: Pick<Run, 'config' | 'secrets'>,
  now: Pick<Run, 'config' | 'secrets'>,
): { old: Members; new: Members } | null {
  const differs = (a: Readonly<Members>, b: Readonly<Members>) => (name: string) =>
    canonicalise(a[name] ?? null) !== canonicalise(b[name] ?? null);
  const names = new Set([...Object.keys(old.config), ...Object.keys(now.config)]);
  const changed = [...names].sort().filter(differs(old.config, now.config));
  const replaced = Object.keys(now.secrets)
    .filter((name) => old.secrets[name] !== undefined)
    .filter(differs(old.secrets, now.secrets));
  if (changed.length === 0 && replaced.length === 0) return null;
  const pick = (from: Readonly<Members>): Members =>
    Object.fromEntries(changed.map((name) => [name, from[name] ?? null]));
  const told = pick(now.config);
  return {
    old: pick(old.config),
    new: replaced.length === 0 ? told : { ...told, replaced_secrets: replaced },
  };
}
