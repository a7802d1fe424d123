// What the run of the ledger's thread makes of an embedded ledger with damaged files: at its opening, and later.

import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { LedgerApi } from '../../engine/capture/ledger-api.ts';
import type { LedgerData } from '../../engine/capture/ledger-data.ts';
import { LedgerLoop } from '../../engine/capture/ledger-loop.ts';
import type { FromLedger } from '../../engine/capture/messages.ts';
import { DatabaseError } from '../../engine/ledger/database.ts';
import { diskStorage } from '../../engine/storage.ts';

const DAMAGE = new DatabaseError('fault', 'XX001', 'invalid page in block 0', null);

function loopOver(open: () => Promise<LedgerApi>, url: string | null) {
  const { port1, port2 } = new MessageChannel();
  const data = {
    url,
    folder: '/made/ledger',
    log: join(import.meta.dirname, 'not-there'),
    origin: 'made.example/log',
    newest: null,
    partners: [],
  } as unknown as LedgerData;
  const lake = () => Promise.reject(new Error('not asked'));
  const loop = new LedgerLoop({ data, port: port2, storage: diskStorage, open, lake, random: () => 0 });
  return { loop, port: port1 };
}

test('an embedded ledger that does not open is an outage that says how to make it again, and is tried once', async () => {
  let opened = 0;
  const { loop, port } = loopOver(() => {
    opened += 1;
    return Promise.reject(DAMAGE);
  }, null);
  const outages: string[] = [];
  const ended = loop.run();
  await new Promise<void>((resolve) => {
    port.on('message', (message: FromLedger) => {
      if (message.type === 'outage') outages.push(message.message);
      if (outages.length === 2) resolve();
    });
  });
  port.postMessage({ type: 'stop' });
  await ended;
  expect(outages[0]).toContain('/made/ledger is damaged, it does not open (invalid page in block 0)');
  expect(outages[0]).toContain('firn ledger rebuild');
  expect(opened).toBe(1);
});

test('a server that answers so ends the run', async () => {
  const { loop } = loopOver(() => Promise.reject(DAMAGE), 'postgres://db.example/firn');
  await expect(loop.run()).rejects.toThrow(/invalid page in block 0(?!.*rebuild)/);
});

test('damage that shows later ends the run, and says the way out', async () => {
  const ledger = {
    doubt: null,
    eventsOf: () => Promise.reject(DAMAGE),
    lastProved: () => Promise.reject(DAMAGE),
    close: () => Promise.resolve(),
  } as unknown as LedgerApi;
  const { loop } = loopOver(() => Promise.resolve(ledger), null);
  await expect(loop.run()).rejects.toThrow('move /made/ledger away, start and stop the engine, then');
});
