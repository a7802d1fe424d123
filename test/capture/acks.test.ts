// Acknowledgements of the embedded ledger, and what becomes of them while it is away.

import { cpSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigError } from '../../engine/errors.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { startAckReceiver } from '../support/ack-receiver.ts';
import { sendPlan, startCapturing } from '../support/capture.ts';
import { dscsaPlan, GLNS, MAKER_GLN } from '../support/epcis-documents.ts';
import { acksContract } from './acks.ts';

let template = '';

beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'firn-acks-ledger-'));
  await (await openLedger({ folder: template })).close();
});

afterAll(() => rmSync(template, { recursive: true, force: true }));

acksContract('the embedded ledger', {
  url: async () => null,
  prepare: (data) => cpSync(template, join(data, 'ledger'), { recursive: true }),
});

test('an address that anybody on the way could read is refused at the start, unless it is meant', async () => {
  const data = await mkdtemp(join(tmpdir(), 'firn-acks-plain-'));
  cpSync(template, join(data, 'ledger'), { recursive: true });
  writeFileSync(join(data, 'secret'), 'only these two know it');
  const ack = { url: 'http://partner.example/acks', secretFile: join(data, 'secret') };
  const partners = [{ gln: MAKER_GLN, name: 'maker', ack }];
  await expect(startCapturing({ epcis: { partners } }, data)).rejects.toThrow(ConfigError);
  const meant = await startCapturing({ epcis: { partners, webhook: { plaintext: true } } }, data);
  expect(meant.engine.status().epcis?.webhooks).toMatchObject([{ gln: MAKER_GLN, open: false }]);
  await meant.remove();
});

test('while the ledger is away nothing is delivered; when it is back everything is', async () => {
  const secret = 'only these two know it';
  const receiver = await startAckReceiver(secret, () => 200);
  const data = await mkdtemp(join(tmpdir(), 'firn-acks-away-'));
  cpSync(template, join(data, 'ledger'), { recursive: true });
  writeFileSync(join(data, 'secret'), secret);
  const ack = { url: receiver.url, secretFile: join(data, 'secret') };
  const partners = GLNS.map((gln) => ({ gln, name: gln, ...(gln === MAKER_GLN ? { ack } : {}) }));
  const ledger = new URL('../support/failing-ledger.mjs', import.meta.url).href;
  const bed = await startCapturing({ epcis: { partners }, captureModules: { ledger } }, data);
  writeFileSync(join(data, 'ledger-away'), '');
  for (const n of [1, 2, 3])
    await sendPlan(bed.http, { ...dscsaPlan(), instanceIdentifier: `away${n}` }, 'json-dl');
  await expect.poll(() => bed.engine.status().epcis?.outage, { timeout: 20_000 }).toMatch(/ECONNREFUSED/);
  expect(receiver.got).toEqual([]);
  unlinkSync(join(data, 'ledger-away'));
  await expect.poll(() => receiver.taken().length, { timeout: 30_000 }).toBe(6);
  expect(receiver.faults).toEqual([]);
  expect(receiver.taken().map(({ seq }) => seq)).toEqual(['1', '2', '3', '4', '5', '6']);
  await bed.remove();
  await receiver.close();
});
