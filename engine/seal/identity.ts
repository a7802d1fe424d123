// Who this engine is: the name of its log and its public key, fixed in `state/identity.json` at the first start
// (FORMAT.md §5). A name never gets a second key and a log never a second name: whatever does not fit stops the start
// with a ConfigError (exit 2) that says what to do.
//
// A new origin (`--new-origin`) keeps the key and begins an empty log in a folder of its own, `state/log/<n>`: a key id
// covers the name, so the same key under another name is another signer.

import { join } from 'node:path';
import { z } from 'zod';
import { equalHashes } from '../batch/merkle.ts';
import { decodeChecked, encodeChecked } from '../checked-json.ts';
import { ConfigError } from '../errors.ts';
import type { Sink } from '../sink/sink.ts';
import { diskStorage, ensureFolder, readWhole, replaceFile, type Storage } from '../storage.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { KEY_FILE, loadKey, type SigningKey } from './key.ts';
import { SealLog } from './log.ts';
import { NoteError, openNote } from './note.ts';
import { QUARANTINE_FOLDER } from './quarantine.ts';
import { batchesCut } from './snapshot.ts';

export const IDENTITY_FILE = 'identity.json';
const FORMAT = 'firn.identity/1';

const identitySchema = z.strictObject({
  format: z.literal(FORMAT),
  engine: z.string(),
  /** Ed25519 public key, hex. */
  public_key: z.string().regex(/^[0-9a-f]{64}$/),
  /** Number of the log's folder below `state/log/`. */
  log: z.number().int().positive(),
  /** Earlier names, oldest first. */
  former: z.array(z.string()),
  /** False until the audit event of the newest change of name is durable. */
  settled: z.boolean(),
});

type Stored = z.output<typeof identitySchema>;

export interface Identity {
  /** Name of the log: its origin, and its folder below `_log/`. */
  readonly engine: string;
  readonly key: SigningKey;
  /** Folder of its log, relative to `state/log/`. */
  readonly log: string;
  /** True at the first start of a data folder. */
  readonly fresh: boolean;
  /** The name before a change whose audit event is still to be written; told at every start until `settle()`. */
  readonly previous: string | null;
  /** The audit event of the change of name is durable: `previous` is not told again. */
  settle(): void;
}

/** Names that a segment of an origin may not have after the first: they are files and folders of a log in the lake. */
const TAKEN: ReadonlySet<string> = new Set(['checkpoint', 'checkpoints', 'tile', 'policy']);

/** Whether a log may have this name: `host` or `host/name…`, a path in the lake that meets no file of another log. */
export function isOrigin(name: string): boolean {
  if (name.length > 200) return false;
  return name.split('/').every((part, i) => {
    if (!/^[A-Za-z0-9._-]+$/.test(part) || /^\.+$/.test(part)) return false;
    return i === 0 ? !part.includes('_') : !TAKEN.has(part);
  });
}

/**
 * The identity of the data folder; made at the first start.
 * @param wanted name from the configuration, if any
 * @param stateExists whether the folder holds anything that an identity was there for (journal, log, snapshot)
 * @param newOrigin go on under this name, with an empty log
 * @throws ConfigError
 */
export function loadIdentity(
  stateFolder: string,
  keysFolder: string,
  wanted: string | undefined,
  stateExists: boolean,
  newOrigin?: string,
  storage: Storage = diskStorage,
): Identity {
  for (const name of [wanted, newOrigin]) {
    if (name !== undefined && !isOrigin(name)) {
      throw new ConfigError(
        `"${name}" cannot name a log: use a form like cold.example/plant7-a (letters, digits, . _ -)`,
      );
    }
  }
  if (newOrigin !== undefined && wanted !== undefined && newOrigin !== wanted) {
    throw new ConfigError(
      `the configuration names the engine "${wanted}" and --new-origin "${newOrigin}": set "engine" to "${newOrigin}" as well`,
    );
  }
  const path = join(stateFolder, IDENTITY_FILE);
  const stored = readIdentity(storage, path);
  if (stored === null) {
    if (stateExists) {
      throw new ConfigError(
        `${path} is missing while journal or log exist: restore the whole data folder from its backup`,
      );
    }
    const key = loadKey(keysFolder, true, storage);
    const engine = newOrigin ?? wanted ?? defaultName(key);
    const made: Stored = { format: FORMAT, engine, public_key: hex(key), log: 1, former: [], settled: true };
    ensureFolder(storage, stateFolder, 0o700);
    writeIdentity(storage, path, made);
    return identity(storage, path, made, key, true);
  }
  const key = loadKey(keysFolder, false, storage);
  if (hex(key) !== stored.public_key) {
    throw new ConfigError(
      `${join(keysFolder, KEY_FILE)} is not the key of "${stored.engine}" (its public key begins ${stored.public_key.slice(0, 8)}): put the log's own key back from your backup`,
    );
  }
  if (newOrigin !== undefined && newOrigin !== stored.engine) {
    assertPublished(storage, stateFolder, stored);
    return identity(storage, path, rename(storage, path, stored, newOrigin), key, false);
  }
  if (wanted !== undefined && wanted !== stored.engine) {
    throw new ConfigError(
      `the configuration names the engine "${wanted}", but this data folder is the log "${stored.engine}": set "engine" back, or start once with --new-origin ${wanted} to begin a new log`,
    );
  }
  return identity(storage, path, stored, key, false);
}

/**
 * Batches that were cut before the snapshot exist in the outbox alone until they are in lake and log. They bear the old
 * name, so a new one would leave them behind: refused before anything is changed.
 */
function assertPublished(storage: Storage, stateFolder: string, { engine, log }: Stored): void {
  const quarantine = join(stateFolder, QUARANTINE_FOLDER);
  const refused = storage.stat(quarantine) === null ? 0 : storage.list(quarantine).length;
  if (refused > 0) {
    throw new ConfigError(
      `${refused} objects of the log "${engine}" wait in ${quarantine} until the store takes them, and a new name would leave them behind. Start once without --new-origin, which sends them; or move that folder away and keep it. Nothing was changed`,
    );
  }
  const cut = batchesCut(storage, stateFolder);
  if (cut === 0) return;
  const local = SealLog.open(storage, join(stateFolder, 'log', String(log)));
  const waiting = cut - local.size;
  local.close();
  if (waiting <= 0) return;
  throw new ConfigError(
    `${waiting} sealed batches of the log "${engine}" have not reached the lake from this data folder, and a new name would leave them behind. If the lake is not ahead of it, start once without --new-origin, which publishes them; else use a backup of another moment. Nothing was changed`,
  );
}

function rename(storage: Storage, path: string, stored: Stored, engine: string): Stored {
  if (stored.former.includes(engine)) {
    throw new ConfigError(
      `this data folder was the log "${engine}" before: a name is never used again, choose a new one`,
    );
  }
  const renamed: Stored = {
    ...stored,
    engine,
    log: stored.log + 1,
    former: [...stored.former, stored.engine],
    settled: false,
  };
  writeIdentity(storage, path, renamed);
  return renamed;
}

function identity(storage: Storage, path: string, stored: Stored, key: SigningKey, fresh: boolean): Identity {
  return {
    engine: stored.engine,
    key,
    log: String(stored.log),
    fresh,
    previous: stored.settled ? null : (stored.former.at(-1) ?? null),
    settle: () => {
      if (!stored.settled) writeIdentity(storage, path, { ...stored, settled: true });
    },
  };
}

function readIdentity(storage: Storage, path: string): Stored | null {
  const bytes = readWhole(storage, path);
  if (bytes === null) return null;
  try {
    return identitySchema.parse(decodeChecked(bytes));
  } catch {
    throw new ConfigError(`${path} is damaged: restore it from the backup of the data folder`);
  }
}

function writeIdentity(storage: Storage, path: string, stored: Stored): void {
  replaceFile(storage, path, [encodeChecked(stored)], 0o600);
}

function hex(key: SigningKey): string {
  return Buffer.from(key.publicKey).toString('hex');
}

/** Name of an engine that was given none. */
function defaultName(key: SigningKey): string {
  return `localhost/firn-${hex(key).slice(0, 8)}`;
}

/** Key of the newest checkpoint of a log, relative to the lake's prefix. */
export function checkpointKey(engine: string): string {
  return `_log/${engine}/checkpoint`;
}

/** The lake's checkpoint of a log, beside the local log. */
export interface LakeHead {
  /** `behind` and `empty`: what is missing in the lake is to be published again. */
  readonly compared: 'equal' | 'behind' | 'empty';
  /** Seals that it covers; 0 where there is none. */
  readonly size: number;
  /** Its bytes; null where there is none. */
  readonly note: Uint8Array | null;
}

/**
 * Compares the lake's checkpoint of this log with the local log.
 * @throws ConfigError when the lake knows more than the local log or something else: the data folder is older than the
 *   lake, or a second engine has this name. SinkOutage when the lake cannot be read.
 */
export async function compareWithLake(
  sink: Sink,
  identity: Pick<Identity, 'engine' | 'key'>,
  log: Pick<SealLog, 'size' | 'root'>,
): Promise<LakeHead> {
  const note = await sink.get(checkpointKey(identity.engine));
  if (note === null) return { compared: 'empty', size: 0, note };
  const lake = readCheckpoint(note, identity);
  if (lake.size > log.size) {
    throw refuse(identity.engine, `holds ${lake.size} seals and the local log ${log.size}`);
  }
  if (!equalHashes(log.root(lake.size), lake.root)) {
    throw refuse(identity.engine, `has other seals than the local log among the first ${lake.size}`);
  }
  return { compared: lake.size === log.size ? 'equal' : 'behind', size: lake.size, note };
}

function readCheckpoint(note: Uint8Array, { engine, key }: Pick<Identity, 'engine' | 'key'>): Checkpoint {
  try {
    const checkpoint = parseCheckpoint(openNote(note, [{ name: engine, publicKey: key.publicKey }]).text);
    if (checkpoint.origin === engine) return checkpoint;
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    if (error.code !== 'unknown-key') {
      throw new ConfigError(
        `the lake's checkpoint ${checkpointKey(engine)} is damaged (${error.message}): run "firn verify", then restore that file`,
      );
    }
  }
  throw refuse(engine, 'is signed by another key');
}

function refuse(engine: string, why: string): ConfigError {
  return new ConfigError(
    `the lake's log "${engine}" ${why}: this data folder is older than the lake, or a second engine has this name. Stop the other engine, or restore the newest data folder, or go on under a new name with --new-origin NAME`,
  );
}
