// When a snapshot is worth its writing: a segment's worth, or, in a journal half full, a quarter of what is in use.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { JournalFile } from '../../engine/journal/reader.ts';
import { Outbox } from '../../engine/seal/outbox.ts';
import { Retention } from '../../engine/seal/retention.ts';
import { HASTY_STORAGE } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';

const SEGMENT = 1000;
const QUOTA = 8000;

function retention(): Retention {
  const folder = temporaryFolder();
  const [recordsFolder, sealsFolder, outboxFolder] = ['records', 'seals', 'outbox'].map((name) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  }) as [string, string, string];
  return new Retention({
    ...{ storage: HASTY_STORAGE, recordsFolder, sealsFolder, segmentBytes: SEGMENT, quotaBytes: QUOTA },
    records: new JournalFile(HASTY_STORAGE, recordsFolder),
    seals: new JournalFile(HASTY_STORAGE, sealsFolder),
    outbox: new Outbox(HASTY_STORAGE, outboxFolder),
    nowMs: () => 0,
    ...{ oldestRecords: 5000, oldestSeals: 300 },
  });
}

test.each([
  ['nothing can go', 0, 0, 7000, false],
  ['a segment of records', 1000, 0, 1200, true],
  ['a segment of seals', 0, 1000, 1200, true],
  ['a byte less of each', 999, 999, 3999, false],
  ['half of the quota in use, and a quarter of that can go', 600, 401, 4001, true],
  ['half of the quota in use, and just no quarter of that', 600, 400, 4001, false],
  ['less than half in use', 500, 450, 3600, false],
])('retention: %s', (_, records, seals, used, due) => {
  const needed = { records: 5000 + records, seals: 300 + seals, outbox: 0 };
  expect(retention().due(needed, used)).toBe(due);
});
