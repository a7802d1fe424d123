// A spool on a disk of its own that is full: nothing is promised, and what was promised goes on when there is room again.
// Needs Linux and the right to mount (root); elsewhere the test is skipped.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { verifyLake } from '../../engine/verify/verify.ts';
import { overAt, type SentCapture, sendPlan, startCapturing } from '../support/capture.ts';
import {
  type DocumentPlan,
  dscsaPlan,
  type EventPlan,
  MAKER,
  sgtin,
  UNIT,
} from '../support/epcis-documents.ts';

const data = mkdtempSync(join(tmpdir(), 'firn-spool-'));
const spool = join(data, 'spool');
mkdirSync(spool, { mode: 0o700 });

function tryMount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', spool], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const isMounted = tryMount();
afterAll(() => {
  if (isMounted) execFileSync('umount', ['-l', spool]);
  rmSync(data, { recursive: true, force: true });
});

/** Fills the disk up to `leave` bytes. @returns what makes the room again */
function fill(leave: number): () => void {
  const path = join(spool, 'filler');
  const { bavail, bsize } = statfsSync(spool);
  writeFileSync(path, Buffer.alloc(Math.max(0, bavail * bsize - leave)));
  return () => rmSync(path);
}

function planOf(instance: string, count: number): DocumentPlan {
  const plan = dscsaPlan();
  const first = plan.events[0] as EventPlan;
  const events = Array.from({ length: count }, (_, at) => ({
    ...first,
    epcs: [sgtin(MAKER, UNIT, `${instance}${at}`)],
  }));
  return { ...plan, instanceIdentifier: instance, events };
}

test.runIf(isMounted)(
  'a full spool refuses with 503, ends the engine where lines of a job do not fit, and loses nothing (needs a mount)',
  async () => {
    const fatal: string[] = [];
    const options = { onFatal: ({ message }: Error) => fatal.push(message) };
    const bed = await startCapturing(options, data);
    const send = (instance: string, count: number): Promise<SentCapture> =>
      sendPlan(bed.http, planOf(instance, count), 'json-urn', { 'gs1-capture-error-behaviour': 'proceed' });
    const empty = fill(0);
    expect((await send('none', 5)).status).toBe(503);
    expect(bed.engine.status().epcis?.openJobs).toBe(0);
    empty();
    const first = await send('first', 5);
    expect(first.status).toBe(202);
    expect(await overAt(bed.http, first.location)).toMatchObject({ success: true });

    // Room for the body, and none for what comes of it.
    const plan = planOf('second', 60);
    const bytes = Buffer.byteLength(JSON.stringify(plan));
    const free = fill(2 * bytes);
    const second = await send('second', 60);
    expect(second.status).toBe(202);
    await expect.poll(() => fatal[0], { timeout: 20_000 }).toMatch(/ENOSPC/);
    expect(fatal[0]).toContain('Nothing acknowledged is lost');
    expect(fatal[0]).not.toContain('rebuild');
    await bed.engine.close().catch(() => undefined);
    free();

    const next = await startCapturing(options, data);
    expect(await overAt(next.http, second.location)).toMatchObject({ success: true });
    expect(next.engine.status().acct).toEqual({ accepted: 65, duplicate: 0, received: 65, rejected: 0 });
    expect(await next.engine.close()).toBe(true);
    expect((await verifyLake({ lake: next.lake })).findings).toEqual([]);
    expect(fatal).toHaveLength(1);
  },
  120_000,
);
