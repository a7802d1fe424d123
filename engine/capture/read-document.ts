// Reads a document of the spool through a reader, piece by piece: memory is one piece and what the reader holds.

import { closeSync, openSync, readSync } from 'node:fs';
import type { DocumentHead, DocumentReader } from '../epcis/model.ts';
import { KIB } from '../limits.ts';

const PIECE_BYTES = 256 * KIB;

/** @param between called after each piece, and waited for. @returns the head, or null where the document has none */
export async function readDocument(
  path: string,
  reader: DocumentReader,
  between?: () => Promise<void>,
): Promise<DocumentHead | null> {
  const fd = openSync(path, 'r');
  try {
    // Readers may keep a view of what they were given: each piece is its own.
    for (;;) {
      const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
      const got = readSync(fd, piece, 0, PIECE_BYTES, null);
      if (got === 0) break;
      const more = reader.write(piece.subarray(0, got));
      await between?.();
      if (!more) break;
    }
    return reader.end();
  } finally {
    closeSync(fd);
  }
}
