// Entries of captures on their way into the journal: told when durable, in order, and never more than their share of the ring.

import { afterEach, expect, test } from 'vitest';
import { ENTRY_KIND } from '../../engine/journal/entry.ts';
import { FRAME_KIND } from '../../engine/ring/frame.ts';
import { closeFronts, startFront, until } from '../support/front.ts';

afterEach(closeFronts);

const CONTROLS = { listen: false, config: { ring: { slabs: 8, slabBytes: 192 * 1024 } } } as const;

test('control: each entry is told once, when it is durable, and all are in the journal in order', async () => {
  const front = await startFront({ listen: false });
  front.pipeline.auto = false;
  const told: number[] = [];
  for (let n = 0; n < 3; n++) {
    expect(front.frontend.put(FRAME_KIND.captured, { capture: 'c', upTo: n }, () => told.push(n))).toBe(true);
  }
  expect(front.frontend.put(FRAME_KIND.forget, { capture: 'c' }, () => told.push(3))).toBe(true);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual([]);
  front.pipeline.auto = true;
  await until(() => told.length === 4);
  expect(told).toEqual([0, 1, 2, 3]);
  expect(front.pipeline.ofKind(ENTRY_KIND.captured).map(({ upTo }) => upTo)).toEqual([0, 1, 2]);
  expect(front.pipeline.ofKind(ENTRY_KIND.forget)).toEqual([{ capture: 'c' }]);
  expect(front.frontend.status().requests).toBe(0);
});

test('control: no more than a quarter of the ring is theirs, and room comes back with the fsync', async () => {
  const front = await startFront(CONTROLS);
  front.pipeline.auto = false;
  let durable = 0;
  const put = (): boolean =>
    front.frontend.put(FRAME_KIND.verdict, { detail: 'x'.repeat(60_000) }, () => {
      durable += 1;
    });
  let taken = 0;
  while (put()) taken += 1;
  expect(taken * 60_000).toBeLessThanOrEqual(2 * 192 * 1024);
  expect(taken).toBe(6);
  // Devices still find room.
  const frame = front.frontend.ingest('coldchain', Buffer.from('{}'));
  front.pipeline.auto = true;
  await until(() => durable === taken);
  expect((await frame).rejected).toBe(1);
  expect(put()).toBe(true);
});

test('control: a full journal takes none, and what no slab holds is an error of the caller', async () => {
  const front = await startFront(CONTROLS);
  front.journal.isFull = true;
  const never = (): void => expect.unreachable();
  expect(front.frontend.put(FRAME_KIND.capture, {}, never)).toBe(false);
  expect(() => front.frontend.put(FRAME_KIND.capture, { text: 'x'.repeat(200_000) }, never)).toThrow(
    RangeError,
  );
});
