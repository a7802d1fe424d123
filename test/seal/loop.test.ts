// The run of the seal thread, on the thread of the test: it seals when the bell rings, drains when told, ends at close.

import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { CONTROL, createRing } from '../../engine/ring/layout.ts';
import { ring as ringBell } from '../../engine/ring/park.ts';
import { Orders, runSealer } from '../../engine/seal/loop.ts';
import { HASTY_STORAGE, reading } from '../support/journal-feed.ts';
import { temporaryFolder } from '../support/journal-folder.ts';
import { NOON, SealBed } from '../support/seal-bed.ts';

const beds: SealBed[] = [];

afterEach(() => {
  for (const made of beds.splice(0)) made.close();
});

const SIZES = { slabs: 4, slabBytes: 1024, outputBytes: 2048, rejectBytes: 256 };

test('loop: seals what the bell announces, drains at a message, and ends at close', async () => {
  const { port1, port2 } = new MessageChannel();
  const sealed = once(port2, 'message');
  const b = new SealBed(temporaryFolder(), {
    cut: { records: 2 },
    sealer: { post: (message) => port1.postMessage(message) },
  });
  beds.push(b);
  const { control } = createRing(SIZES);
  const orders = new Orders(port1);
  const sealer = await b.open(HASTY_STORAGE);
  expect((await sealed)[0]).toMatchObject({ type: 'audit' });
  const run = runSealer(sealer, control, orders);
  const next = once(port2, 'message');
  b.feed.frame(`${reading('2026-02-01T10:00:00Z')}\n${reading('2026-02-01T10:00:00Z', 2)}`, NOON);
  ringBell(control, CONTROL.sealBell);
  expect((await next)[0]).toMatchObject({ type: 'sealed', index: 0 });

  b.feed.audit({ action: 'stop', at_utc: '2026-02-01T12:00:00.000Z' }, NOON);
  const heard: { type: string }[] = [];
  port2.on('message', (message: { type: string }) => heard.push(message));
  port2.postMessage({ type: 'drain', withinMs: 10_000 });
  while (heard.at(-1)?.type !== 'drained') await once(port2, 'message');
  expect(heard.at(-1)).toEqual({ type: 'drained', published: true });
  port2.postMessage({ type: 'close' });
  await run;
  sealer.close();
  port1.close();
});

test('loop: what publishing throws ends the run', async () => {
  const { port1 } = new MessageChannel();
  const b = new SealBed(temporaryFolder(), { cut: { records: 1 } });
  beds.push(b);
  const sink = b.sink();
  const broken = {
    putNew: () => Promise.reject(new RangeError('a fault of the sink')),
    replace: sink.replace.bind(sink),
    get: sink.get.bind(sink),
    remove: sink.remove.bind(sink),
    probe: sink.probe.bind(sink),
  };
  const sealer = await b.open(HASTY_STORAGE, broken);
  b.feed.frame(reading('2026-02-01T10:00:00Z'), NOON);
  await expect(runSealer(sealer, createRing(SIZES).control, new Orders(port1))).rejects.toThrow(
    'a fault of the sink',
  );
  sealer.close();
  port1.close();
});
