// The lake as a directory. What always holds: under its final name an object is whole and durable in content before the
// name appears; `putNew` never replaces a name.
//
// putNew, happy path:  create _tmp/N, write, sync, close, link _tmp/N → key, syncFolder of key, unlink _tmp/N
// replace, happy path: read key, create _tmp/N, write, sync, close, rename _tmp/N → key, syncFolder of key
//   (a directory cannot compare and rename in one step: two writers that meet within that moment are not told apart)
// A new folder's parent is synced before anything is put into it. In each run every folder is treated as new once: a run
// that died may have made it without syncing its name.
//
// Temporary files lie in `_tmp` at the root: no glob for `*.ndjson.zst` and no partition scan finds them. `probe()` at
// start removes them all; if another engine that shares the lake loses one that way, it writes it again.

import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { ensureFolder, errorCode, readWhole, type Storage } from '../storage.ts';
import { isKey, type Sink, SinkFault, SinkOutage, type StoreProbe } from './sink.ts';

const TEMPORARY = '_tmp';
const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;
/** Folders remembered as durable; when there are more, all are forgotten and synced once again. */
const MAX_KNOWN_FOLDERS = 16_384;
/** A temporary file that vanishes is written again this often. */
const ATTEMPTS = 3;

/** Errors of the place, not of the object: the disk is full, sick, read-only, unmounted or out of reach. */
const OUTAGES: ReadonlySet<string> = new Set([
  ...[
    'ENOSPC',
    'EDQUOT',
    'EIO',
    'EROFS',
    'EACCES',
    'EPERM',
    'ENOENT',
    'ETIMEDOUT',
    'ESTALE',
    'ENOTCONN',
    'EBUSY',
  ],
  ...['EHOSTDOWN', 'EHOSTUNREACH', 'ENODEV', 'ENXIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR'],
]);

/** What a file system without hard links answers to `link`. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** A lake in the directory `root`, made by `probe()`; gone later, it is an outage (an unmounted disk), never made anew. */
export function directorySink(storage: Storage, root: string): Sink {
  return new DirectorySink(storage, root);
}

class DirectorySink implements Sink {
  readonly #storage: Storage;
  readonly #root: string;
  /** Folders, relative to the root, whose names are durable. */
  readonly #known: Set<string> = new Set();
  /** Makes names of temporary files unique to this run. */
  readonly #run: string = randomBytes(8).toString('hex');
  #number = 0;

  constructor(storage: Storage, root: string) {
    this.#storage = storage;
    this.#root = root;
  }

  async putNew(key: string, body: Uint8Array): Promise<'created' | 'same' | 'different'> {
    return this.#attempt(key, (temporary, path) => {
      if (this.#storage.stat(path) !== null) return this.#compare(path, body);
      this.#write(temporary, body);
      try {
        this.#storage.link(temporary, path);
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') throw error;
        this.#discard(temporary);
        return this.#compare(path, body);
      }
      this.#storage.syncFolder(dirname(path));
      this.#discard(temporary);
      return 'created';
    });
  }

  async replace(key: string, body: Uint8Array, was: Uint8Array | null): Promise<'replaced' | 'different'> {
    return this.#attempt(key, (temporary, path) => {
      const there = readWhole(this.#storage, path);
      if (there !== null && Buffer.compare(there, body) === 0) {
        return this.#compare(path, body) === 'same' ? 'replaced' : 'different';
      }
      if (there === null ? was !== null : was === null || Buffer.compare(there, was) !== 0)
        return 'different';
      this.#write(temporary, body);
      this.#storage.rename(temporary, path);
      this.#storage.syncFolder(dirname(path));
      return 'replaced';
    });
  }

  async get(key: string): Promise<Uint8Array | null> {
    const path = this.#path(key);
    return this.#translate(key, () => {
      const found = readWhole(this.#storage, path);
      if (found === null) this.#checkRoot();
      return found;
    });
  }

  async remove(key: string): Promise<void> {
    const path = this.#path(key);
    this.#translate(key, () => {
      try {
        this.#storage.unlink(path);
        this.#storage.syncFolder(dirname(path));
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
        this.#checkRoot();
      }
    });
  }

  async probe(): Promise<StoreProbe> {
    this.#translate('the lake', () => {
      ensureFolder(this.#storage, this.#root, FOLDER_MODE);
      this.#ensureFolders(TEMPORARY);
      for (const name of this.#storage.list(join(this.#root, TEMPORARY)))
        this.#discard(join(this.#root, TEMPORARY, name));
    });
    this.#probeLink();
    const key = `${TEMPORARY}/probe-${this.#run}`;
    const body = Buffer.from('firn');
    const results = [
      await this.putNew(key, body),
      await this.putNew(key, body),
      await this.putNew(key, Buffer.from('other')),
    ];
    await this.remove(key);
    if (results[0] !== 'created' || results[1] !== 'same') {
      throw new SinkOutage(`the lake ${this.#root} did not keep what was put into it`);
    }
    const ifNoneMatch = results[2] === 'different';
    return {
      store: 'directory',
      ifNoneMatch,
      checksum: null,
      versions: false,
      retention: null,
      detail: ifNoneMatch ? 'existing names are never replaced (link)' : 'existing names can be replaced',
    };
  }

  /** @throws ConfigError where the file system has no hard links: names could not be taken without a race. */
  #probeLink(): void {
    const [from, to] = [this.#temporary(), this.#temporary()];
    try {
      this.#translate('the lake', () => this.#write(from, Buffer.from('firn')));
      this.#storage.link(from, to);
    } catch (error) {
      if (!NO_LINKS.has(errorCode(error) ?? '')) throw this.#named('the lake', error);
      throw new ConfigError(
        `the file system of ${this.#root} has no hard links (${errorCode(error)}), which an append-only lake needs: use a local file system, NFS or S3`,
      );
    } finally {
      this.#discard(from);
      this.#discard(to);
    }
  }

  /** Runs `store` with a new temporary name, again when that file or its folder was taken away meanwhile. */
  #attempt<T>(key: string, store: (temporary: string, path: string) => T): T {
    const path = this.#path(key);
    return this.#translate(key, () => {
      for (let attempt = 1; ; attempt++) {
        const temporary = this.#temporary();
        try {
          this.#ensureFolders(TEMPORARY);
          this.#ensureFolders(dirname(key));
          return store(temporary, path);
        } catch (error) {
          this.#discard(temporary);
          this.#known.clear();
          if (errorCode(error) !== 'ENOENT' || attempt === ATTEMPTS) throw error;
        }
      }
    });
  }

  #write(path: string, body: Uint8Array): void {
    const fd = this.#storage.create(path, FILE_MODE);
    try {
      this.#storage.write(fd, [body], 0);
      this.#storage.sync(fd);
    } finally {
      this.#storage.close(fd);
    }
  }

  /** The name is taken: by the same bytes, which are then made durable (a run may have died before its sync), or not. */
  #compare(path: string, body: Uint8Array): 'same' | 'different' {
    const fd = this.#storage.open(path);
    try {
      if (this.#storage.size(fd) !== body.length) return 'different';
      const there = new Uint8Array(body.length);
      if (this.#storage.read(fd, there, 0) !== body.length || Buffer.compare(there, body) !== 0)
        return 'different';
      this.#storage.sync(fd);
    } finally {
      this.#storage.close(fd);
    }
    this.#storage.syncFolder(dirname(path));
    return 'same';
  }

  /** Makes the folders of `folder` (relative) below the root that are missing, and their names durable, once a run. */
  #ensureFolders(folder: string): void {
    if (this.#known.has(folder)) return;
    if (this.#known.size >= MAX_KNOWN_FOLDERS) this.#known.clear();
    if (folder === '.') {
      this.#checkRoot();
    } else {
      const parent = dirname(folder);
      this.#ensureFolders(parent);
      const path = join(this.#root, folder);
      if (this.#storage.stat(path) === null) this.#makeFolder(path);
      this.#storage.syncFolder(join(this.#root, parent));
    }
    this.#known.add(folder);
  }

  #makeFolder(path: string): void {
    try {
      this.#storage.mkdir(path, FOLDER_MODE);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
  }

  #checkRoot(): void {
    if (this.#storage.stat(this.#root)?.folder !== true) {
      throw new SinkOutage(`the lake ${this.#root} is not there: is its disk mounted?`);
    }
  }

  #temporary(): string {
    this.#number += 1;
    return join(this.#root, TEMPORARY, `${this.#run}-${this.#number}`);
  }

  /** Best effort: what is left is removed by the next `probe()`. */
  #discard(path: string): void {
    try {
      this.#storage.unlink(path);
    } catch {
      // Not there, or the disk is sick: the call that mattered says so.
    }
  }

  #path(key: string): string {
    if (!isKey(key)) throw new SinkFault(`not a key of the lake: ${JSON.stringify(key)}`);
    return join(this.#root, key);
  }

  #translate<T>(what: string, call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw this.#named(what, error);
    }
  }

  #named(what: string, error: unknown): unknown {
    const code = errorCode(error);
    if (code === undefined) return error;
    const message = `${what} in ${this.#root}: ${(error as Error).message}`;
    return OUTAGES.has(code) ? new SinkOutage(message) : new SinkFault(message);
  }
}
