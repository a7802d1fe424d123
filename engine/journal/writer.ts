// The only way into a journal: append, then sync. One writer per journal.
//
//   append  (roll when the segment is full) → pwritev header, payload, padding: the payload is never copied
//   sync    → fdatasync; what was appended before is durable when it returns
//   roll    → fdatasync of the old segment → create, write header, fsync, fsync of the folder
//
// A failed write or fsync leaves a file that nobody can vouch for. The writer says so once (FatalError) and takes
// nothing more: the process ends, recovery at the next start finds what is whole.

import { assert } from '../assert.ts';
import { crc32c } from '../crc32c.ts';
import { FatalError } from '../errors.ts';
import { errorCode, type Storage } from '../storage.ts';
import { encodeHeader, MAX_PAYLOAD_BYTES, RECORD_HEADER_BYTES, recordBytes } from './record.ts';
import {
  createSegment,
  type JournalKind,
  listSegments,
  SEGMENT_HEADER_BYTES,
  type Segment,
  segmentPath,
} from './segments.ts';

const PADDING = Array.from({ length: 8 }, (_, bytes) => new Uint8Array(bytes));
/** `unsynced` must fit its 32-bit word: a writer that is never asked to sync does it by itself here. */
const MAX_UNSYNCED_BYTES = 2 ** 31;

export interface WriterOptions {
  /** A segment that would grow past this is followed by a new one. A record larger than this gets its own. */
  readonly segmentBytes: number;
}

export class JournalWriter {
  readonly #storage: Storage;
  readonly #folder: string;
  readonly #kind: JournalKind;
  readonly #segmentBytes: number;
  readonly #header = new DataView(new ArrayBuffer(RECORD_HEADER_BYTES));
  readonly #parts: Uint8Array[] = [
    new Uint8Array(this.#header.buffer),
    PADDING[0] as Uint8Array,
    PADDING[0] as Uint8Array,
  ];
  /** −1 = no segment is open: the journal is empty, or the writer closed. */
  #fd = -1;
  #start = 0;
  #position: number;
  #durable: number;
  #closed = false;
  #broken: FatalError | null = null;

  /**
   * Takes a journal that was recovered: `end` is what recovery returned, and everything before it is on disk. An empty
   * journal gets its first segment with its first record. FatalError when the newest file does not end at `end`.
   */
  constructor(storage: Storage, folder: string, kind: JournalKind, end: number, options: WriterOptions) {
    this.#storage = storage;
    this.#folder = folder;
    this.#kind = kind;
    this.#segmentBytes = options.segmentBytes;
    this.#position = end;
    this.#durable = end;
    this.#guard('opened', () => {
      const newest = listSegments(storage, folder).at(-1);
      if (newest !== undefined) this.#reopen(newest, end);
    });
  }

  /** Where the next record begins, unless it begins a new segment. */
  get position(): number {
    return this.#position;
  }

  /** Everything before it is on disk. */
  get durable(): number {
    return this.#durable;
  }

  /**
   * Writes one record behind the newest. It is not durable before `sync`. `payloadCrc` (CRC-32C), where the caller has
   * it, saves reading the payload here, and a payload that changed on its way is found by whoever reads it.
   * @returns position of the record.
   */
  append(
    type: number,
    flags: number,
    wallMs: number,
    runningMs: number,
    payload: Uint8Array,
    payloadCrc: number = crc32c(payload),
  ): number {
    assert(payload.length <= MAX_PAYLOAD_BYTES, 'a record fits its length');
    const bytes = recordBytes(payload.length);
    this.#guard('written', () => {
      const used = this.#position - this.#start;
      const full = used > SEGMENT_HEADER_BYTES && used + bytes > this.#segmentBytes;
      if (this.#fd === -1 || full) this.#roll();
      else if (this.#position - this.#durable > MAX_UNSYNCED_BYTES) this.#datasync();
      encodeHeader(this.#header, {
        position: this.#position,
        bytes: payload.length,
        type,
        flags,
        unsynced: this.#position - this.#durable,
        wallMs,
        runningMs,
        payloadCrc,
      });
      this.#parts[1] = payload;
      this.#parts[2] = PADDING[-payload.length & 7] as Uint8Array;
      this.#storage.write(this.#fd, this.#parts, this.#position - this.#start);
    });
    const position = this.#position;
    this.#position += bytes;
    return position;
  }

  /** Makes everything appended so far durable. */
  sync(): void {
    this.#guard('synced to disk', () => this.#datasync());
  }

  /** Syncs and lets go of the file. Nothing can be appended any more. Does nothing the second time. */
  close(): void {
    if (this.#closed) return;
    if (this.#broken === null) this.sync();
    this.#closed = true;
    if (this.#fd !== -1) this.#storage.close(this.#fd);
    this.#fd = -1;
  }

  #reopen(newest: Segment, end: number): void {
    const from = Math.max(end, newest.start + SEGMENT_HEADER_BYTES);
    if (end < newest.start || newest.start + newest.bytes !== from) {
      throw new FatalError(
        `${newest.path}: ends elsewhere than at position ${end}; recover the journal first`,
      );
    }
    this.#fd = this.#storage.openWrite(newest.path);
    this.#start = newest.start;
    this.#position = from;
    this.#durable = from;
  }

  #roll(): void {
    if (this.#fd !== -1) {
      this.#datasync();
      const old = this.#fd;
      this.#fd = -1;
      this.#storage.close(old);
    }
    this.#start = this.#position;
    this.#fd = createSegment(this.#storage, this.#folder, this.#kind, this.#start);
    this.#position = this.#start + SEGMENT_HEADER_BYTES;
    this.#durable = this.#position;
  }

  #datasync(): void {
    if (this.#durable === this.#position) return;
    this.#storage.datasync(this.#fd);
    this.#durable = this.#position;
  }

  /** Runs a step; whatever it throws ends this writer. */
  #guard(what: string, step: () => void): void {
    if (this.#broken !== null) throw this.#broken;
    assert(!this.#closed, 'nobody writes to a closed journal');
    try {
      step();
    } catch (error) {
      this.#broken = error instanceof FatalError ? error : this.#fatal(what, error);
      throw this.#broken;
    }
  }

  #fatal(what: string, error: unknown): FatalError {
    const code = errorCode(error) ?? 'error';
    const path = segmentPath(this.#folder, this.#start);
    return new FatalError(
      `the journal could not be ${what} (${code}): ${path} at position ${this.#position}. Nothing more is ` +
        'acknowledged; a restart recovers everything that was',
      { cause: error },
    );
  }
}
