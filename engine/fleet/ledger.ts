// The fleet's own record of what it sent and what was acknowledged, as lines of JSON, for comparing with the lake
// after a crash. A `sent` line is written before the frame leaves, an `acked` line after its acknowledgement came, so
// whatever moment the process dies at, the file claims no acknowledgement that was not received.
//
// {"event":"sent","session":"…","frame":N,"records":K,"sensor_id":"…","times":["…",null,…]}   null: has to be refused
// {"event":"acked","session":"…","next":N}                                                    every frame below N
// {"event":"rejected","session":"…","frame":N,"record":I,"code":"…"}                          or "more":n

import { closeSync, openSync, writeSync } from 'node:fs';

/** Bytes gathered before a write. */
const GATHER = 64 * 1024;

export interface Ledger {
  write(line: object): void;
  flush(): void;
  close(): void;
}

/** Appends to `path`. Lines are gathered and reach the file at `flush`, at the latest after 64 KiB. */
export function openLedger(path: string): Ledger {
  const file = openSync(path, 'a');
  let gathered = '';
  const flush = (): void => {
    if (gathered === '') return;
    const bytes = Buffer.from(gathered);
    gathered = '';
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  };
  return {
    write: (line) => {
      gathered += `${JSON.stringify(line)}\n`;
      if (gathered.length >= GATHER) flush();
    },
    flush,
    close: () => {
      flush();
      closeSync(file);
    },
  };
}

/** Where nobody asked for a ledger. */
export const noLedger: Ledger = { write: () => {}, flush: () => {}, close: () => {} };
