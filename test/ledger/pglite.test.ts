// The contract on PGlite, and what is PGlite's own: its folder, the end of its process, and what it does not sync.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { openPglite } from '../../engine/ledger/pglite.ts';
import { commissioning, UNIT, unit } from '../epcis/state/told.ts';
import { ledgerContract } from './contract.ts';
import { chunks, order, rollback } from './jobs.ts';
import { rebuildContract } from './rebuild.ts';

const dir = mkdtempSync(join(tmpdir(), 'firn-ledger-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let made = 0;
const open = () => {
  made += 1;
  return openPglite(join(dir, `ledger-${made}`));
};

ledgerContract('PGlite', open);
rebuildContract('PGlite', open, 30);

/** Opens the ledger, does what is on the command line, says so and waits to be killed. */
const CHILD = `
const { openLedger } = await import(process.argv[1]);
const { folder, done, doneChunk, open, openChunk } = JSON.parse(process.argv[2]);
const ledger = await openLedger({ folder });
await ledger.begin(done);
await ledger.apply(done, doneChunk);
await ledger.finish(done, []);
await ledger.begin(open);
await ledger.apply(open, openChunk);
console.log('in the middle');
setInterval(() => undefined, 1000);
`;

describe('PGlite', () => {
  test('a process that is killed in a transaction loses what was not committed, and nothing else', async () => {
    const folder = join(dir, 'killed');
    const lot = { lot: 'A1', expiry: '2027-03-27' };
    const events = [1, 2, 3].map((n) =>
      commissioning({ at: '2026-01-01T00:00:00Z', items: [unit(`k${n}`)], ...lot }),
    );
    const [done, staged] = [order(), order(rollback)];
    const ask = {
      folder,
      done,
      doneChunk: chunks(events.slice(0, 1))[0],
      open: staged,
      openChunk: { events: chunks(events.slice(1))[0]?.events, last: false },
    };
    const module = new URL('../../dist/engine/ledger/ledger.js', import.meta.url).href;
    const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, module, JSON.stringify(ask)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    for await (const text of child.stdout) if (String(text).includes('in the middle')) break;
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');

    const ledger = await openLedger({ folder });
    expect(ledger.doubt).toBeNull();
    expect(await ledger.job(done.id)).toMatchObject({ accepted: 1, running: false });
    expect(await ledger.item(UNIT, 'k1')).toMatchObject({ state: 'commissioned' });
    expect(await ledger.item(UNIT, 'k2')).toBeNull();
    expect(await ledger.verdicts(staged.id, 0, 10)).toEqual([]);
    await ledger.close();

    expect(existsSync(`${folder}.boot`)).toBe(false);
    writeFileSync(`${folder}.boot`, 'another boot');
    for (let start = 0; start < 2; start++) {
      const doubtful = await openLedger({ folder });
      expect(doubtful.doubt).toContain('build it again from the lake');
      await doubtful.close();
    }
  });

  test('a folder that was not finished being made is made anew', async () => {
    const folder = join(dir, 'half');
    writeFileSync(`${folder}.making`, 'torn');
    const database = await openPglite(folder);
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await database.close();
  });
});
