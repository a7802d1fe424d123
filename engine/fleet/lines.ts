// The lines of an NDJSON file in order, some at a time, so that a file of any size can be sent.

import { open } from 'node:fs/promises';

/**
 * Lists of at most `size` lines; blank lines are passed over. A line that begins with `[` comes alone where it would be
 * the first: a frame that begins with it is an array. Throws what opening and reading throw.
 */
export async function* linesOf(path: string, size: number): AsyncGenerator<string[]> {
  const file = await open(path, 'r');
  try {
    let lines: string[] = [];
    for await (const line of file.readLines({ encoding: 'utf8' })) {
      if (line.trim() === '') continue;
      lines.push(line);
      if (lines.length === size || (lines.length === 1 && line.trimStart().startsWith('['))) {
        yield lines;
        lines = [];
      }
    }
    if (lines.length > 0) yield lines;
  } finally {
    await file.close();
  }
}
