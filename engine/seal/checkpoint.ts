// C2SP checkpoints (c2sp.org/tlog-checkpoint): the text that a log signs. Three lines (origin, size, root) and, where
// there are any, extension lines that readers keep but need not know.

import { assert } from '../assert.ts';
import { HASH_BYTES } from '../batch/merkle.ts';
import { decodeBase64, isKeyName, NoteError } from './note.ts';

export interface Checkpoint {
  readonly origin: string;
  /** Number of seals in the log. */
  readonly size: number;
  /** RFC 6962 root over them, 32 bytes. */
  readonly root: Uint8Array;
  readonly extensions: readonly string[];
}

/** The signed text of a checkpoint, each line with its LF. */
export function checkpointText(origin: string, size: number, root: Uint8Array): string {
  assert(isKeyName(origin), 'an origin is a key name');
  assert(
    Number.isSafeInteger(size) && size >= 0 && root.length === HASH_BYTES,
    'a tree head is a size and 32 bytes',
  );
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
}

/** Reads the text of a checkpoint (without signatures). @throws NoteError (`malformed`) */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const end = lines.pop();
  const [origin = '', size = '', encoded = '', ...extensions] = lines;
  const root = decodeBase64(encoded);
  if (end !== '' || !isKeyName(origin) || extensions.includes('')) {
    throw new NoteError('malformed', 'a checkpoint is an origin, a size and a root, a line each');
  }
  if (!/^(0|[1-9][0-9]*)$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw new NoteError('malformed', 'the size of a checkpoint is a decimal number');
  }
  if (root === null || root.length !== HASH_BYTES) {
    throw new NoteError('malformed', 'the root of a checkpoint is 32 bytes in base64');
  }
  return { origin, size: Number(size), root, extensions };
}
