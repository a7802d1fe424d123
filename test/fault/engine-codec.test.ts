// Frames that kill the codec, in a whole engine: each ends in the dead letter with its exact bytes, told to its sender;
// everything else is accepted once.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { verifyLake } from '../../engine/verify/verify.ts';
import { Endpoint, startEngine, type TestEngine } from '../support/engine.ts';
import { readLines } from '../support/read-lake.ts';

const FAILING = pathToFileURL(join(import.meta.dirname, '../support/failing-codec.mjs')).href;

const open: TestEngine[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.remove();
});

const record = (n: number, zone = 'ZONE-A'): string =>
  `{"sensor_id":"codec-0001","timestamp_utc":"2026-06-01T00:00:00.${String(n).padStart(3, '0')}Z","temperature_c":5,"zone_id":"${zone}"}`;

test.each(['CODEC-THROW', 'CODEC-EXIT'])(
  'a frame with %s is refused as codec.crash, with its bytes; the others are accepted once',
  async (marker) => {
    const served = await startEngine({ codecModule: FAILING, workers: 2 });
    open.push(served);
    const endpoint = new Endpoint(`${served.ws}/v1/streams/coldchain/ws?session=poisoned`);
    await endpoint.hello();
    const poison = `${record(500, marker)}\n  ${record(501)}`;
    for (let frame = 0; frame < 40; frame += 1) endpoint.socket.send(frame === 20 ? poison : record(frame));
    await endpoint.acknowledged(40);
    expect(endpoint.rejects()).toEqual([
      expect.objectContaining({ type: 'reject', frame: 20, record: 0, code: 'codec.crash' }),
    ]);
    const { workers, acct } = served.engine.status();
    expect(workers.restarts).toBeGreaterThanOrEqual(2);
    expect(acct).toEqual({ accepted: 39, duplicate: 0, received: 40, rejected: 1 });
    expect(await served.engine.ingest('coldchain', [JSON.parse(record(900))])).toMatchObject({ accepted: 1 });
    await endpoint.close();
    expect(await served.engine.close()).toBe(true);

    const dead = (await readLines(served.lake, 'dead-letter/')).map((line) => JSON.parse(line));
    expect(dead).toHaveLength(1);
    expect(dead[0]).toMatchObject({ code: 'codec.crash' });
    expect(Buffer.from(dead[0].raw_b64, 'base64').toString()).toBe(poison);
    const times = (await readLines(served.lake, 'coldchain/')).map((line) => JSON.parse(line).timestamp_utc);
    expect(new Set(times).size).toBe(40);
    expect(times).toHaveLength(40);
    expect((await verifyLake({ lake: served.lake })).findings).toEqual([]);
  },
  60_000,
);
