// What is secret stays so: neither the log of an engine nor what it tells of itself holds the password of its database, a
// token, or the secret of a webhook, while all three are in use and failing.

import { expect, test } from 'vitest';
import { sendText } from '../support/capture.ts';
import { documentText, dscsaPlan, MAKER_GLN } from '../support/epcis-documents.ts';
import { startServed } from '../support/served-captures.ts';

const PASSWORD = 'pass-of-the-database';
const TOKEN = 'token-of-the-maker-123';
const SECRET = 'secret-of-the-webhook-1';

test('secrets: are in no log and no answer', async () => {
  const ack = { url: 'http://127.0.0.1:9/acks', secretEnv: 'WEBHOOK_SECRET' };
  const tokens = [{ name: 'maker', token: TOKEN, streams: ['*'], gln: MAKER_GLN, replay: true }];
  const bed = await startServed(
    { tokens, epcis: { partners: [{ gln: MAKER_GLN, name: 'Maker', ack }] }, log: { level: 'debug' } },
    { DATABASE_URL: `postgres://firn:${PASSWORD}@127.0.0.1:9/firn`, WEBHOOK_SECRET: SECRET },
  );
  try {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const text = documentText(dscsaPlan(), 'xml-1.2');
    const { status, location } = await sendText(bed.http, text, 'application/xml', headers);
    expect(status).toBe(202);
    // The ledger is away: the log has said so.
    await expect.poll(bed.said, { timeout: 20_000 }).toMatch(/ECONNREFUSED/);
    const answers: string[] = [];
    for (const path of [
      location,
      '/epcis/capture',
      '/epcis/acks',
      '/epcis/events/urn:x:1',
      '/status',
      '/metrics',
      '/healthz',
    ]) {
      const answer = await fetch(`${bed.http}${path}`, { headers });
      answers.push(`${path} ${answer.status} ${JSON.stringify([...answer.headers])} ${await answer.text()}`);
    }
    await bed.stop();
    const all = `${bed.said()}\n${answers.join('\n')}`;
    expect(all).toContain('127.0.0.1:9/firn');
    for (const secret of [PASSWORD, TOKEN, SECRET])
      expect(all.split('\n').filter((line) => line.includes(secret))).toEqual([]);
  } finally {
    await bed.remove();
  }
}, 60_000);
