// The audit trail: what is told, how often, and that no trace of a secret goes into the lake.

import { expect, test } from 'vitest';
import { AuditTrail } from '../engine/audit.ts';
import { parseConfig } from '../engine/config.ts';
import type { AuditEntry } from '../engine/journal/entry.ts';
import { configChange, secretDigests, withoutSecrets } from '../engine/run-file.ts';
import { startEngine } from './support/engine.ts';
import { readLines } from './support/read-lake.ts';

test('audit: repeats of one action and target within a minute are counted in one event, others are told', () => {
  let nowMs = 0;
  const told: AuditEntry[] = [];
  const audit = new AuditTrail({ wallMs: () => nowMs, monotonicMs: () => nowMs }, (entry) =>
    told.push(entry),
  );
  for (let n = 0; n < 5; n += 1) audit.event('gap.opened', 'ingest', { reason: 'full' });
  audit.event('gap.opened', 'elsewhere');
  audit.tick();
  expect(told.map((entry) => [entry.action, entry.target, entry.reason])).toEqual([
    ['gap.opened', 'ingest', 'full'],
    ['gap.opened', 'elsewhere', null],
  ]);
  nowMs = 60_000;
  audit.tick();
  expect(told.slice(2)).toMatchObject([{ action: 'gap.opened', target: 'ingest', new: { repeats: 4 } }]);
  audit.event('gap.opened', 'ingest');
  audit.event('gap.opened', 'ingest');
  audit.tick(true);
  expect(told.slice(3).map((entry) => entry.new)).toEqual([null, { repeats: 1 }]);
});

test('audit: a change of configuration tells the members that differ, and of a secret only that it was replaced', () => {
  const run = (token: string, port: number) => {
    const config = parseConfig({ tokens: [{ name: 'gate', token, streams: ['*'] }], listen: { port } });
    return { config: withoutSecrets(config), secrets: secretDigests(config) };
  };
  const first = run('the-first-secret-of-all', 9400);
  expect(configChange(first, first)).toBeNull();
  expect(configChange(first, run('the-second-secret-of-all', 9400))).toEqual({
    old: {},
    new: { replaced_secrets: ['gate'] },
  });
  const moved = configChange(first, run('the-first-secret-of-all', 9401));
  expect(Object.keys(moved?.new ?? {})).toEqual(['listen']);
});

test('audit: a restart under another configuration is in the lake, without the secret or a digest of it', async () => {
  const tokens = (token: string) => [{ name: 'gate', token, streams: ['*'] }];
  const first = await startEngine({ tokens: tokens('the-first-secret-of-all') });
  await first.engine.close();
  const second = await startEngine({ tokens: tokens('the-second-secret-of-all'), drain: 20 }, first.folder);
  await second.engine.close();
  const lines = await readLines(second.lake, 'audit/');
  const change = lines.map((line) => JSON.parse(line)).filter((event) => event.action === 'config.change');
  expect(change).toMatchObject([{ old: { drain: 30 }, new: { drain: 20, replaced_secrets: ['gate'] } }]);
  expect(lines.join('\n')).not.toMatch(/[0-9a-f]{16}|secret-of-all/);
  await second.remove();
});
