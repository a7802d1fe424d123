// The judge of the soak: it must find what it is there to find.

import { expect, test } from 'vitest';
import { Counts } from './counts.ts';

/** What an engine would have put into the lake. */
function lakeOf(text: string): { accepted: string[]; refused: string[] } {
  const lines = text.trimEnd().split('\n');
  const raw = (line: string): string => JSON.stringify({ raw_b64: Buffer.from(line).toString('base64') });
  return {
    accepted: lines.filter((line) => line.includes('sensor_id')),
    refused: lines.filter((line) => line.includes('refused')).map(raw),
  };
}

test('counts: a lake with each record where it belongs is sound', () => {
  const counts = new Counts();
  const { accepted, refused } = lakeOf(counts.draw('soak-1', 70) + counts.draw('soak-2', 120));
  const tally = counts.tally();
  for (const line of accepted.reverse()) tally.accepted(line);
  for (const line of refused) tally.refused(line);
  expect(tally.faults()).toEqual([]);
  expect(refused).toHaveLength(3);
});

test('counts: a lost record, a doubled one and a foreign one are told', () => {
  const counts = new Counts();
  const { accepted, refused } = lakeOf(counts.draw('soak-1', 60));
  const foreign = lakeOf(new Counts().draw('soak-9', 1));
  const tally = counts.tally();
  for (const line of accepted.slice(1)) tally.accepted(line);
  tally.accepted(accepted[5] as string);
  tally.accepted(foreign.accepted[0] as string);
  for (const line of refused) tally.refused(line);
  expect(tally.faults()).toEqual([
    'record 5 of soak-1 is in the lake twice',
    'record 0 of soak-9 was never sent',
    '1 of 60 records are not in the lake',
  ]);
});
