// The spool: bodies of captures on disk before anything is promised, `ID.raw`; other stages put files of their own beside
// it, and the quota counts them all. What makes a body one that was taken is its entry in the journal, which comes after its
// sync: what lies here without one is what an interrupted upload left, and goes at a start (seal/spool-files.ts). What is
// full refuses and keeps nothing; any other failure of the disk is a fault, since nobody knows what it has kept.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { FatalError } from '../errors.ts';
import { MIB } from '../limits.ts';
import { diskStorage, ensureFolder, errorCode } from '../storage.ts';
import { FolderSync, type SpoolDisk, spoolDisk } from './spool-disk.ts';
import { Upload } from './upload.ts';

/** Bytes that all uploads together hold in memory; beyond it they are refused. */
const MAX_BUFFERED_BYTES = 16 * MIB;
/** Uploads at the same time: each has an open file. */
const MAX_UPLOADS = 512;
/** The folder is counted again after this long, and sooner where it seems to fill. */
const COUNT_EVERY_MS = 30_000;
const COUNT_SOONER_MS = 2_000;

/** Errors of a disk that is full, and of a process that has no descriptor left: both pass. */
const PASSING: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE']);

/** Nothing was kept. */
export type SpoolRefusal =
  | { readonly kind: 'too-large' }
  | { readonly kind: 'busy'; readonly detail: string; readonly retrySeconds: number };

/** There is no room: nothing was kept of the body. */
export class SpoolFull extends Error {
  readonly refusal: SpoolRefusal & { kind: 'busy' };

  constructor(detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.refusal = { kind: 'busy', detail, retrySeconds: 5 };
  }
}

export interface SpoolOptions {
  readonly folder: string;
  /** Longest body. */
  readonly maxBytes: number;
  /** Bytes of all files in the folder. */
  readonly quotaBytes: number;
  /** The state of the disk is not known any more. */
  readonly onFatal: (error: FatalError) => void;
  readonly disk?: SpoolDisk;
  readonly maxBufferedBytes?: number;
  readonly maxUploads?: number;
  readonly now?: () => number;
}

export class Spool {
  readonly folder: string;
  readonly maxBytes: number;
  readonly disk: SpoolDisk;
  readonly folderSync: FolderSync;
  readonly #options: SpoolOptions;
  readonly #now: () => number;
  #used: number;
  #refused = 0;
  #buffered = 0;
  #uploads = 0;
  #countedMs: number;
  #counting = false;

  private constructor(options: SpoolOptions, used: number) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.folder = options.folder;
    this.maxBytes = options.maxBytes;
    this.disk = options.disk ?? spoolDisk;
    this.folderSync = new FolderSync(() => this.disk.syncFolder(this.folder));
    this.#used = used;
    this.#countedMs = this.#now();
  }

  /** Opens the folder, which is made if it is not there. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { folder, disk = spoolDisk } = options;
    ensureFolder(diskStorage, folder, 0o700);
    let used = 0;
    for (const { bytes } of await disk.list(folder)) used += bytes;
    return new Spool(options, used);
  }

  /** Bytes in the folder, as far as they were told or counted. */
  get usedBytes(): number {
    return this.#used;
  }

  /** Bytes in memory that are not written yet. */
  get bufferedBytes(): number {
    return this.#buffered;
  }

  /** Bodies that were refused since the start because quota or disk was full. */
  get refused(): number {
    return this.#refused;
  }

  get uploads(): number {
    return this.#uploads;
  }

  /** Where the bytes of a body lie. */
  rawPath(id: string): string {
    return join(this.folder, `${id}.raw`);
  }

  /** Begins a body. `declared` = its length where it was announced. */
  begin(declared: number | null): Upload | SpoolRefusal {
    if (declared !== null && declared > this.maxBytes) return { kind: 'too-large' };
    this.#lookAgain();
    if (this.#uploads >= (this.#options.maxUploads ?? MAX_UPLOADS))
      return busy('Too many captures are being received: send the same request again after a moment.', 1);
    if (!this.#fits(declared ?? 1)) return this.#quotaFull();
    this.#uploads += 1;
    return new Upload(this, randomUUID());
  }

  /** Room for bytes that have arrived, or why there is none. They are counted until `written` and `removed`. */
  take(bytes: number): SpoolRefusal | null {
    if (!this.#fits(bytes)) return this.#quotaFull();
    if (this.#buffered + bytes > (this.#options.maxBufferedBytes ?? MAX_BUFFERED_BYTES))
      return busy(
        'Bodies arrive faster than they can be stored: send the same request again after a moment.',
        1,
      );
    this.#buffered += bytes;
    this.#used += bytes;
    return null;
  }

  /** Bytes have left memory. */
  written(bytes: number): void {
    this.#buffered -= bytes;
  }

  /** Files of the folder have grown (or, with a negative number, gone). */
  changed(bytes: number): void {
    this.#used = Math.max(0, this.#used + bytes);
  }

  /** An upload has ended, in whatever way. */
  ended(): void {
    this.#uploads -= 1;
  }

  /** Removes a body that nobody needs. */
  async remove(id: string, bytes: number): Promise<void> {
    try {
      await this.disk.unlink(this.rawPath(id));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw this.judge(error);
    }
    this.changed(-bytes);
  }

  /** What a failed call on the disk means: SpoolFull where it passes, else a FatalError, which is told. */
  judge(error: unknown): Error {
    const code = errorCode(error);
    if (code === undefined) return error instanceof Error ? error : new Error(String(error));
    const { message } = error as Error;
    if (PASSING.has(code)) {
      this.#refused += 1;
      return new SpoolFull('The disk of the engine is full: send the same request again later.', {
        cause: error,
      });
    }
    const fatal = new FatalError(
      `the spool ${this.folder} could not be written (${message}). Nothing acknowledged is lost: see to the disk and start again, which recovers`,
      { cause: error },
    );
    this.#options.onFatal(fatal);
    return fatal;
  }

  #quotaFull(): SpoolRefusal {
    this.#refused += 1;
    return busy('The spool of captures is full: send the same request again later.', 10);
  }

  #fits(bytes: number): boolean {
    return this.#used + bytes <= this.#options.quotaBytes;
  }

  /** Counts the folder again in the background: other stages add to it and remove from it. */
  #lookAgain(): void {
    const half = this.#used > this.#options.quotaBytes / 2;
    const due = this.#countedMs + (half ? COUNT_SOONER_MS : COUNT_EVERY_MS);
    if (this.#counting || this.#now() < due) return;
    this.#counting = true;
    const before = this.#used;
    this.disk.list(this.folder).then(
      (files) => {
        const found = files.reduce((sum, { bytes }) => sum + bytes, 0);
        // What has changed meanwhile may be counted twice or not at all until the next look.
        this.#used = Math.max(0, found + this.#used - before);
        this.#counted();
      },
      (error: unknown) => {
        this.#counted();
        this.judge(error);
      },
    );
  }

  #counted(): void {
    this.#counting = false;
    this.#countedMs = this.#now();
  }
}

function busy(detail: string, retrySeconds: number): SpoolRefusal {
  return { kind: 'busy', detail, retrySeconds };
}
