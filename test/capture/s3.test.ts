// Captures of an engine whose lake is in S3: where their events are proved is read back from the bucket, each batch once,
// also over a restart.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { decompress, initCompress } from '../../workers/compress.ts';
import { overAt, sendPlan, startCapturing } from '../support/capture.ts';
import type { TestEngine } from '../support/engine.ts';
import { type DocumentPlan, dscsaPlan, gtin, MAKER, sgtin, UNIT } from '../support/epcis-documents.ts';
import { checkLake } from '../support/s3-lake.ts';
import { S3_ENV, type S3Server, startS3 } from '../support/s3-server.ts';

const BATCH = /epcis\/year=.*\.ndjson\.zst$/;

interface Proof {
  readonly key: string;
  readonly line: number;
  readonly root: string;
}
interface Item {
  readonly events: readonly { readonly eventHash: string; readonly proof: Proof | null }[];
}

let s3: S3Server;
const beds: TestEngine[] = [];

beforeEach(async () => {
  for (const [name, value] of Object.entries(S3_ENV)) vi.stubEnv(name, value);
  s3 = await startS3();
  s3.createBucket('lake', { versioning: true });
  await initCompress();
});
afterEach(async () => {
  for (const bed of beds.splice(0)) await bed.remove();
  await s3.close();
  vi.unstubAllEnvs();
});

async function start(folder?: string): Promise<TestEngine> {
  const options = { lake: 's3://lake/plant7', s3: { endpoint: s3.url, timeout: 5 }, drain: 20 };
  const bed = await startCapturing({ ...options, epcis: { cut: { age: 0.2, lateAge: 0.2 } } }, folder);
  beds.push(bed);
  return bed;
}

/** Commissions three units. */
function plan(name: string): DocumentPlan {
  const all = dscsaPlan();
  const [first] = all.events;
  if (first === undefined) throw new Error('the plan has events');
  const events = [0, 1, 2].map((n) => ({ ...first, epcs: [sgtin(MAKER, UNIT, `${name}${n}`)] }));
  return { ...all, instanceIdentifier: name, events };
}

/** The events of an item, once each of them is proved. */
async function proved(bed: TestEngine, serial: string): Promise<Item['events']> {
  const ask = async (): Promise<Item | null> => {
    const answer = await fetch(`${bed.http}/epcis/items/${gtin(MAKER, UNIT)}/${serial}`);
    return answer.status === 200 ? ((await answer.json()) as Item) : null;
  };
  await expect
    .poll(async () => (await ask())?.events.every(({ proof }) => proof !== null) ?? false, {
      timeout: 30_000,
    })
    .toBe(true);
  return (await ask())?.events ?? [];
}

/** Keys of batches of events that were read from the bucket, in order. */
const readBack = (): string[] =>
  s3.requests
    .filter(({ method, key, status }) => method === 'GET' && BATCH.test(key) && status === 200)
    .map(({ key }) => key.slice(key.indexOf('epcis/year=')));

test('s3: proofs appear, name the line in the bucket, and a restart goes on behind the last', async () => {
  const first = await start();
  const early = await sendPlan(first.http, plan('early'), 'json-dl');
  expect(await overAt(first.http, early.location)).toMatchObject({ success: true });
  const keys = new Set<string>();
  for (const serial of ['early0', 'early1', 'early2']) {
    const [event] = await proved(first, serial);
    if (event?.proof == null) throw new Error('the event is proved');
    const { key, line } = event.proof;
    keys.add(key);
    const object = s3.buckets.get('lake')?.current(`plant7/${key}`);
    const lines = Buffer.from(decompress(object?.body as Uint8Array, 64 << 20))
      .toString('utf8')
      .split('\n');
    expect(JSON.parse(lines[line] as string)).toMatchObject({ event_hash: event.eventHash });
    expect(lines[line]).toContain(serial);
  }
  expect(readBack().sort()).toEqual([...keys].sort());

  // Sealed by the end of the engine, whose ledger is closed by then.
  const late = await sendPlan(first.http, plan('late'), 'xml-2.0');
  expect(await overAt(first.http, late.location)).toMatchObject({ success: true });
  expect(await first.engine.close()).toBe(true);
  const before = readBack();
  const second = await start(first.folder);
  for (const serial of ['late0', 'late1', 'late2']) {
    const [event] = await proved(second, serial);
    expect(keys).not.toContain(event?.proof?.key);
  }
  expect((await proved(second, 'early0'))[0]?.proof?.key).toBe([...keys][0]);
  // Nothing that was proved before is read again.
  expect(
    readBack()
      .slice(before.length)
      .filter((key) => keys.has(key)),
  ).toEqual([]);
  expect(new Set(readBack()).size).toBe(readBack().length);
  expect(await second.engine.close()).toBe(true);
  await checkLake(s3.url, 'lake', 'plant7/');
}, 90_000);
