// The report as people read it: what a name in the lake cannot do to it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { reportText } from '../../engine/verify/print.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { soundLake } from '../support/lake.ts';

const top = mkdtempSync(join(tmpdir(), 'firn-verify-print-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

test('verify report: a file cannot be named so that a terminal shows another verdict', async () => {
  const { folder } = await soundLake(join(top, 'lake'));
  mkdirSync(join(folder, 'coldchain'), { recursive: true });
  for (const name of ['a\n\nSOUND: no finding\n', 'b\u001b[2J\u001b[H', 'c\u009b2J', 'd\u202e gnidnif'])
    writeFileSync(join(folder, 'coldchain', name), '');
  const report = await verifyLake({ lake: folder, graceMs: 0 });
  expect(report.verdicts.UNLOGGED).toBe(4);
  const text = reportText(report);
  expect(text.split('\n').filter((line) => /^(NOT )?SOUND/.test(line))).toEqual(['NOT SOUND: 4 findings']);
  expect(text).toContain('UNLOGGED       coldchain/a\\u{a}\\u{a}SOUND: no finding\\u{a}');
  expect(text).not.toMatch(/[^\n\P{Cc}]|\p{Cf}/u);
});
