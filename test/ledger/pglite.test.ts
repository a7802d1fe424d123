// The contract on PGlite, and what is PGlite's own: its folder.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openPglite } from '../../engine/ledger/pglite.ts';
import { ledgerContract } from './contract.ts';

const dir = mkdtempSync(join(tmpdir(), 'firn-ledger-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

ledgerContract('PGlite', () => openPglite(join(dir, 'ledger')));
