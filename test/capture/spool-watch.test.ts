// When the log hears of a full spool.

import { expect, test } from 'vitest';
import { SpoolWatch } from '../../engine/capture/spool-watch.ts';

test('a full spool is told once, and once more when there is room', () => {
  const spool = { refused: 0, usedBytes: 10 };
  const lines: string[] = [];
  const note =
    (level: string) =>
    (_at: unknown, text?: string): void => {
      lines.push(`${level} ${String(text).slice(0, 40)}`);
    };
  const log = { error: note('error'), info: note('info') };
  const watch = new SpoolWatch({ spool, quotaBytes: 100, log });
  watch.look(0);
  expect(lines).toEqual([]);
  spool.usedBytes = 100;
  for (let i = 0; i < 5; i++) {
    spool.refused += 1;
    watch.look(3);
  }
  expect(lines).toEqual(['error the spool of captures is full: new docum']);
  spool.usedBytes = 95;
  watch.look(3);
  spool.usedBytes = 50;
  // Room on average is none while somebody is still refused.
  spool.refused += 1;
  watch.look(1);
  expect(lines).toHaveLength(1);
  watch.look(0);
  watch.look(0);
  expect(lines.slice(1)).toEqual(['info the spool of captures has room again']);
  spool.refused += 1;
  watch.look(0);
  expect(lines).toHaveLength(3);
});
