// Every peer that is installed here is started, sent records, and must hold what it acknowledged, also after kill -9. What is
// not installed is skipped, with the line that installs it in the name.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { PEERS } from '../../bench/peers/all.ts';
import { startChild } from '../../bench/peers/child.ts';
import { ask } from '../../bench/peers/installed.ts';
import type { Peer, RunningPeer } from '../../bench/peers/peer.ts';
import { makeWorkload } from '../../bench/workload.ts';
import { type FrameSender, openSender } from './frame-sender.ts';

const RECORDS_PER_FRAME = 5;
/** Enough invalid records for every kind of fault, and frames with several. */
const workload = makeWorkload({ count: 500, invalidPer10k: 1500 });
const frames = Array.from({ length: workload.records.length / RECORDS_PER_FRAME }, (_, frame) =>
  workload.records.slice(frame * RECORDS_PER_FRAME, (frame + 1) * RECORDS_PER_FRAME).join('\n'),
);
const all = { records: workload.records.length - workload.invalid, frames: frames.length };

const AFTER_A_KILL: Readonly<Record<string, string>> = {
  node: 'holds what it acknowledged after kill -9',
  python: 'holds what it acknowledged after kill -9',
  jetstream: 'holds what it acknowledged after kill -9',
  mosquitto: 'holds nothing of what it acknowledged after kill -9, as its notes say',
  redis: 'holds what it acknowledged after kill -9',
};

const folders: string[] = [];
const running: RunningPeer[] = [];
const senders: FrameSender[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firn-peer-'));
  folders.push(folder);
  return folder;
}

async function start(peer: Peer, folder: string): Promise<RunningPeer> {
  const started = await peer.start(folder);
  running.push(started);
  return started;
}

async function open(peer: Peer, started: RunningPeer): Promise<FrameSender> {
  const sender = await openSender(peer.protocol, started);
  senders.push(sender);
  return sender;
}

/** Is it none of those that the workload spoils? */
function isValid(record: string): boolean {
  return !/"CC"|2026-13-41|"cold"|"zone":|"maybe"/.test(record);
}

/** Valid records of the first `count` frames. */
function validIn(count: number): number {
  return workload.records.slice(0, count * RECORDS_PER_FRAME).filter(isValid).length;
}

/** Is it a peer that reads the records, and not one that stores frames unread? */
const reads = (peer: Peer): boolean => peer.protocol === 'firn';
const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

afterEach(async () => {
  for (const sender of senders.splice(0)) sender.close();
  for (const started of running.splice(0)) await started.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe.each(PEERS)('peers', (peer) => {
  const found = peer.available();
  const why = found.ok ? '' : ` (skipped: ${found.why}; to install: ${found.install})`;

  test.skipIf(!found.ok)(
    `${peer.name}: stores what it acknowledges, and no refused record${why}`,
    async () => {
      const started = await start(peer, newFolder());
      const sender = await open(peer, started);
      for (const frame of frames) sender.send(frame);
      await sender.untilAcked(frames.length);

      const stored = reads(peer) ? all.records : all.frames;
      expect(await started.check(all)).toMatchObject({ stored, ok: true });
      const oneMore = { records: all.records + 1, frames: all.frames + 1 };
      expect(await started.check(oneMore)).toMatchObject({ stored, ok: false });
      expect(sender.rejects.length).toBe(reads(peer) ? workload.invalid : 0);

      await started.stop();
      expect(started.pids.filter(isThere)).toEqual([]);
    },
  );

  test.skipIf(!found.ok)(`${peer.name}: ${AFTER_A_KILL[peer.name]}${why}`, async () => {
    const folder = newFolder();
    const started = await start(peer, folder);
    const sender = await open(peer, started);
    for (const frame of frames.slice(0, 50)) sender.send(frame);
    await sender.untilAcked(50);
    // Killed with frames under way.
    for (const frame of frames.slice(50)) sender.send(frame);
    await sender.untilAcked(51);
    for (const pid of started.pids) process.kill(pid, 'SIGKILL');
    await sender.untilGone();
    await started.stop();

    const acked = { records: validIn(sender.acked), frames: sender.acked };
    const again = await start(peer, folder);
    const { stored, ok } = await again.check(acked);
    expect({ ok, stored: stored > 0 }).toEqual(
      peer.name === 'mosquitto' ? { ok: false, stored: false } : { ok: true, stored: true },
    );
    expect(stored).toBeLessThanOrEqual(reads(peer) ? all.records : all.frames);
  });
});

const cannotTrace = ask('strace', ['-V']) === null;

describe.each(PEERS)('peers', (peer) => {
  const found = peer.available();
  const synced = peer.does.syncs.startsWith('each');
  const what = synced ? 'syncs each frame that comes alone' : 'syncs nothing, as it says';
  const traced = cannotTrace ? ' (skipped: strace is not installed; to install: apt-get install strace)' : '';
  const why = found.ok ? traced : ` (skipped: ${found.why}; to install: ${found.install})`;

  test.skipIf(!found.ok || cannotTrace)(`${peer.name}: ${what}${why}`, async ({ skip }) => {
    const folder = newFolder();
    const started = await start(peer, folder);
    const sender = await open(peer, started);
    const log = join(folder, 'strace.log');
    const processes = started.pids.flatMap((pid) => ['-p', String(pid)]);
    const strace = await startChild({
      name: 'strace',
      command: 'strace',
      args: ['-f', '-e', 'trace=fsync,fdatasync', '-o', log, ...processes],
      ready: /Process \d+ attached/,
    }).catch((error: Error) => skip(`strace may not attach here: ${error.message}`));
    const valid = workload.records.filter(isValid).slice(0, 10);
    for (const [frame, record] of valid.entries()) {
      sender.send(record);
      await sender.untilAcked(frame + 1);
    }
    await strace.stop();
    // A call that another thread's interrupts is told in two lines, `fsync(8 <unfinished ...>` and `resumed`.
    const syncs = readFileSync(log, 'utf8').match(/(fsync|fdatasync)\(/g)?.length ?? 0;
    if (synced) expect(syncs).toBeGreaterThanOrEqual(valid.length);
    else expect(syncs).toBe(0);
  });
});

describe.each(PEERS.filter(reads))('peers', (peer) => {
  const found = peer.available();
  const why = found.ok ? '' : ` (skipped: ${found.why}; to install: ${found.install})`;

  test.skipIf(!found.ok)(`${peer.name}: reads frames and refuses records as firn does${why}`, async () => {
    const started = await start(peer, newFolder());
    const sender = await open(peer, started);
    const [good = ''] = workload.records.filter(isValid);
    const with_ = (member: string, value: unknown): string =>
      JSON.stringify({ ...JSON.parse(good), [member]: value });
    const refused: readonly (readonly [record: string, code: string])[] = [
      ['{"sensor_id":', 'json.syntax'],
      ['5', 'record.not-object'],
      [good.replace('"temperature_c"', '"temperature"'), 'field.unknown'],
      [JSON.stringify({ ...JSON.parse(good), zone_id: undefined }), 'field.missing'],
      [with_('temperature_c', '5'), 'field.type'],
      [with_('temperature_c', true), 'field.type'],
      [with_('temperature_c', null), 'field.type'],
      [with_('temperature_c', 100.5), 'field.range'],
      [with_('sensor_id', 'abc'), 'field.length'],
      [with_('zone_id', 'frz'), 'field.pattern'],
      [with_('compliance_state', 'maybe'), 'field.enum'],
      [with_('timestamp_utc', '2026-11-20 10:00:00Z'), 'timestamp.syntax'],
      [with_('raw_payload_hash', 'AB'), 'field.pattern'],
    ];
    sender.send(`\r\n${good}\r\n\n  \n${refused.map(([record]) => record).join('\n')}\n`);
    sender.send(` [${good}, ${refused[3]?.[0]},\n${good}]`);
    sender.send(`[${good}, `);
    sender.send('[]');
    sender.send('');
    sender.send(Array.from({ length: 20 }, () => '{}').join('\n'));
    await sender.untilAcked(6);

    const lines = sender.rejects.filter(({ frame }) => frame === 0);
    const codes = refused.map(([, code], record) => ({ frame: 0, record: record + 1, code }));
    // A member that replaces a required one is two faults, and either may be told.
    codes[2] = { ...(codes[2] as (typeof codes)[number]), code: lines[2]?.code ?? '' };
    expect(['field.unknown', 'field.missing']).toContain(lines[2]?.code);
    expect(lines.map(({ frame, record, code }) => ({ frame, record, code }))).toEqual(codes);
    const told = (frame: number): unknown[] =>
      sender.rejects
        .filter((reject) => reject.frame === frame)
        .map(({ record, code, more }) => more ?? [record, code]);
    expect(told(1)).toEqual([[1, 'field.missing']]);
    expect(told(2)).toEqual([[0, 'json.syntax']]);
    expect(told(5)).toHaveLength(17);
    expect(told(5).at(-1)).toBe(4);
    expect(await started.check({ records: 3, frames: 6 })).toMatchObject({ stored: 3, ok: true });

    sender.send(' '.repeat(128 * 1024 + 1));
    await sender.untilGone();
    expect(sender.fault).toBe('closed 1009');
  });
});
