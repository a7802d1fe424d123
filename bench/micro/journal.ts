// The journal on a real disk: what appending a chunk costs the processor, and how long a turn of append and fdatasync
// takes. The folder is a temporary one; TMPDIR chooses the disk.

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32c } from '../../engine/crc32c.ts';
import { JournalReader } from '../../engine/journal/reader.ts';
import { RECORD_FLAG, RECORD_TYPE } from '../../engine/journal/record.ts';
import { JournalWriter } from '../../engine/journal/writer.ts';
import { KIB, MIB } from '../../engine/limits.ts';
import { diskStorage } from '../../engine/storage.ts';
import type { Comparison, Subject } from './subject.ts';

/** About what a full slab of records becomes. */
const CHUNK_BYTES = 448 * KIB;
/** Files are begun anew past this, so that the bench needs little room. */
const FILE_BYTES = 64 * MIB;

export const journal: Subject = {
  name: 'journal',
  prepare() {
    const folder = mkdtempSync(join(tmpdir(), 'firn-bench-journal-'));
    const chunk = new Uint8Array(new SharedArrayBuffer(CHUNK_BYTES));
    for (let i = 0; i < chunk.length; i++) chunk[i] = 0x20 + ((i * 7) % 95);
    const ours = new OurJournal(folder, chunk);
    const plain = new PlainFile(join(folder, 'plain'), chunk);
    return {
      comparisons: [appendOf(ours, plain), syncOf(ours, plain)],
      close: () => {
        ours.close();
        plain.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};

function appendOf(ours: OurJournal, plain: PlainFile): Comparison {
  return {
    key: 'journal-append',
    title: `journal: append ${CHUNK_BYTES / KIB} KiB, no sync; CPU per KiB`,
    unit: 'KiB',
    units: CHUNK_BYTES / KIB,
    clock: 'cpu',
    arms: [
      { name: 'append, checksum in hand', kind: 'ours', run: () => ours.append(true) },
      { name: 'append, checksum made here', kind: 'ours', run: () => ours.append(false) },
      { name: 'write alone', kind: 'bound', run: () => plain.write() },
    ],
    notes: [],
  };
}

function syncOf(ours: OurJournal, plain: PlainFile): Comparison {
  return {
    key: 'journal-sync',
    title: `journal: append ${CHUNK_BYTES / KIB} KiB and fdatasync; wall time per turn`,
    unit: 'sync',
    units: 1,
    clock: 'wall',
    arms: [
      { name: 'append + sync', kind: 'ours', run: () => ours.sync() },
      { name: 'write + fdatasync', kind: 'bound', run: () => plain.sync() },
    ],
    notes: ['wall time: the disk decides, and whoever else writes to it'],
  };
}

/** A journal that is begun anew when it has grown; what it holds is read back once. */
class OurJournal {
  readonly #folder: string;
  readonly #chunk: Uint8Array;
  readonly #crc: number;
  #writer: JournalWriter;
  #number = 0;

  constructor(folder: string, chunk: Uint8Array) {
    this.#folder = folder;
    this.#chunk = chunk;
    this.#crc = crc32c(chunk);
    this.#writer = this.#open();
    this.append(true);
    this.sync();
    this.#readBack();
  }

  append(inHand: boolean): void {
    if (this.#writer.position > FILE_BYTES) this.#renew();
    const flags = RECORD_FLAG.first | RECORD_FLAG.last;
    if (inHand) this.#writer.append(RECORD_TYPE.slab, flags, 0, 0, this.#chunk, this.#crc);
    else this.#writer.append(RECORD_TYPE.slab, flags, 0, 0, this.#chunk);
  }

  sync(): void {
    this.append(true);
    this.#writer.sync();
  }

  close(): void {
    this.#writer.close();
  }

  #path(): string {
    return join(this.#folder, `journal-${this.#number}`);
  }

  #open(): JournalWriter {
    diskStorage.mkdir(this.#path());
    return new JournalWriter(diskStorage, this.#path(), 'records', 0, { segmentBytes: 4 * FILE_BYTES });
  }

  #renew(): void {
    this.#writer.close();
    rmSync(this.#path(), { recursive: true });
    this.#number += 1;
    this.#writer = this.#open();
  }

  /** @throws Error when what is on disk is not what was appended. */
  #readBack(): void {
    const reader = new JournalReader(diskStorage, this.#path(), 'records', 0);
    let records = 0;
    for (
      let found = reader.next(this.#writer.durable);
      found !== null;
      found = reader.next(this.#writer.durable)
    ) {
      if (Buffer.compare(found.payload, this.#chunk) !== 0)
        throw new Error('the journal gives back other bytes');
      records += 1;
    }
    reader.close();
    if (records !== 2) throw new Error(`the journal gives back ${records} records of 2`);
  }
}

/** The same bytes by write(2), without a header. */
class PlainFile {
  readonly #path: string;
  readonly #chunk: Uint8Array;
  #fd: number;
  #bytes = 0;

  constructor(path: string, chunk: Uint8Array) {
    this.#path = path;
    this.#chunk = chunk;
    this.#fd = openSync(path, 'w');
  }

  write(): void {
    if (this.#bytes > FILE_BYTES) {
      closeSync(this.#fd);
      this.#fd = openSync(this.#path, 'w');
      this.#bytes = 0;
    }
    this.#bytes += writeSync(this.#fd, this.#chunk);
  }

  sync(): void {
    this.write();
    fdatasyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
