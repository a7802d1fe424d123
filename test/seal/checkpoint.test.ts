// The text that a log signs.

import { describe, expect, test } from 'vitest';
import { checkpointText, parseCheckpoint } from '../../engine/seal/checkpoint.ts';
import { NoteError } from '../../engine/seal/note.ts';

const ROOT = Buffer.from('Ut9XtIh4mimIw+1p/WJs2yaYrkvZDg/zISNsPUUwPA4=', 'base64');
const TEXT = 'cold.example/plant7-a\n2\nUt9XtIh4mimIw+1p/WJs2yaYrkvZDg/zISNsPUUwPA4=\n';

describe('checkpoint', () => {
  test('checkpoint: origin, size and root are a line each, as in FORMAT.md §5', () => {
    expect(checkpointText('cold.example/plant7-a', 2, ROOT)).toBe(TEXT);
    expect(parseCheckpoint(TEXT)).toEqual({
      origin: 'cold.example/plant7-a',
      size: 2,
      root: new Uint8Array(ROOT),
      extensions: [],
    });
  });

  test('checkpoint: extension lines are kept', () => {
    expect(parseCheckpoint(`${TEXT}one\ntwo words\n`).extensions).toEqual(['one', 'two words']);
  });

  test('checkpoint: sizes from 0 to 2^53 − 1', () => {
    for (const size of [0, 1, Number.MAX_SAFE_INTEGER]) {
      expect(parseCheckpoint(checkpointText('a', size, ROOT)).size).toBe(size);
    }
    expect(() => checkpointText('a', 2 ** 53, ROOT)).toThrow(/assertion/);
    expect(() => checkpointText('a b', 1, ROOT)).toThrow(/assertion/);
  });

  test('checkpoint: any other spelling is malformed', () => {
    for (const bad of [
      '',
      TEXT.slice(0, -1),
      TEXT.replace('\n2\n', '\n02\n'),
      TEXT.replace('\n2\n', '\n-2\n'),
      TEXT.replace('\n2\n', '\n2.0\n'),
      TEXT.replace('\n2\n', '\n9007199254740992\n'),
      TEXT.replace('\n2\n', '\n\n'),
      TEXT.replace('PA4=', 'PA5='),
      TEXT.replace('PA4=', 'PA4'),
      TEXT.replace('Ut9X', ''),
      TEXT.replace('cold.example/plant7-a', ''),
      TEXT.replace('cold.', 'cold '),
      `${TEXT}\n`,
      `${TEXT}one\n\n`,
    ]) {
      expect(() => parseCheckpoint(bad), JSON.stringify(bad)).toThrow(NoteError);
    }
  });
});
