// Memory against the length of a document: each one is made on disk, then read and judged by a process of its own, as the
// judge's thread does it. Flat means that the largest takes as much as the smallest.

import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Section } from '../report.ts';
import { ROOT } from '../root.ts';
import { documentPieces, type Form, type Made } from './documents.ts';

const CHILD = join(ROOT, 'dist/bench/epcis/memory-child.js');
const BATCH = 1 << 20;

/** What the child prints. */
export interface MemoryAnswer {
  readonly events: number;
  readonly rows: number;
  /** Resident memory at its highest, MiB. */
  readonly rssMib: number;
  readonly seconds: number;
}

function writeDocument(path: string, form: Form, bytes: number): Made {
  const fd = openSync(path, 'w');
  try {
    const pieces = documentPieces(form, 'small', { bytes });
    let batch = '';
    for (;;) {
      const { value, done } = pieces.next();
      if (done !== true) batch += value;
      if (batch.length >= BATCH || done === true) {
        writeSync(fd, batch);
        batch = '';
      }
      if (done === true) return value;
    }
  } finally {
    closeSync(fd);
  }
}

export function measureMemory(
  forms: readonly Form[],
  megabytes: readonly number[],
  progress: (text: string) => void,
): Section {
  const rows: (string | number)[][] = [];
  const notes: string[] = [];
  const figures: Record<string, number> = {};
  for (const form of forms) {
    const all: number[] = [];
    for (const size of megabytes) {
      progress(`memory: ${form}, ${size} MB`);
      const path = join(tmpdir(), `memory-${form}-${size}`);
      try {
        const made = writeDocument(path, form, size * 1e6);
        const { status, stdout, stderr } = spawnSync(process.execPath, [CHILD, path, form], {
          encoding: 'utf8',
        });
        if (status !== 0) throw new Error(`${form}, ${size} MB: ${stderr.trim()}`);
        const { events, rows: found, rssMib, seconds } = JSON.parse(stdout) as MemoryAnswer;
        if (events !== made.events || found !== made.rows)
          throw new Error(
            `${form}, ${size} MB: ${events} events of ${made.events}, ${found} rows of ${made.rows}`,
          );
        all.push(rssMib);
        rows.push([form, made.bytes / 1e6, events, rssMib, made.bytes / 1e6 / seconds]);
      } finally {
        rmSync(path, { force: true });
      }
    }
    const growth = (all.at(-1) as number) / (all[0] as number);
    notes.push(`${form}: the largest takes ${growth.toFixed(2)} times what the smallest takes`);
    figures[`${form}: largest ÷ smallest`] = growth;
  }
  return {
    key: 'memory',
    title: 'Memory of judging a document, by its length',
    columns: [
      { name: 'form' },
      { name: 'MB', digits: 0 },
      { name: 'events', digits: 0 },
      { name: 'RSS MiB', digits: 0 },
      { name: 'MB/s, two passes, wall', digits: 1 },
    ],
    rows,
    notes: [
      'a process of its own for each, small events; all of it counts, Node too; every event and row counted',
      ...notes,
    ],
    figures,
  };
}
