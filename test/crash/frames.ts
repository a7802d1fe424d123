// Frames of random records, each with an identity of its own, and how one is posted until it has an answer.

import { setTimeout as delay } from 'node:timers/promises';
import type { FrameRecords } from './ledger.ts';
import type { Random } from './random.ts';

/** A zone that some records carry, for codecs that look for it; such a share of all. */
export interface Marked {
  readonly zone: string;
  readonly share: number;
}

export interface FrameOptions {
  readonly random: Random;
  /** Counts records over a whole run, so that none is sent twice. */
  readonly numbers: { next: number };
  readonly refusedShare: number;
  readonly days: number;
  readonly lateShare: number;
  readonly marked?: Marked | undefined;
}

/** NDJSON and what the ledger keeps of it. */
export interface Frame {
  readonly text: string;
  readonly records: FrameRecords;
}

const DAY_MS = 86_400_000;

/** `count` records of `sensor`, by chance some that are refused or of an earlier day. */
export function drawFrame(sensor: string, count: number, options: FrameOptions): Frame {
  const { random, numbers, refusedShare, days, lateShare, marked } = options;
  const good: string[] = [];
  const refused: string[] = [];
  let text = '';
  for (let record = 0; record < count; record += 1) {
    const number = numbers.next++;
    if (random() < refusedShare) {
      const raw = `{"refused":${number}}`;
      refused.push(raw);
      text += `${raw}\n`;
      continue;
    }
    const late = random() < lateShare ? Math.floor(random() * (days + 1)) * DAY_MS : 0;
    // The number in the fraction makes each timestamp of a run unique.
    const second = new Date(Date.now() - late).toISOString().slice(0, 19);
    const timestamp = `${second}.${String(number).padStart(9, '0')}Z`;
    const isMarked = marked !== undefined && random() < marked.share;
    const zone = isMarked ? marked.zone : `ZONE-${Math.floor(random() * 4)}`;
    const temperature = (random() * 10).toFixed(2);
    text += `{"sensor_id":"${sensor}","timestamp_utc":"${timestamp}","temperature_c":${temperature},"zone_id":"${zone}"}\n`;
    good.push(`${sensor} ${timestamp}`);
  }
  return { text, records: { good, refused } };
}

/** Posts to `url` (`http://host:port`) until there is an answer that is one. @throws when nobody waits any more, or for a refusal. */
export async function post(url: string, body: string, key: string, abandoned: () => boolean): Promise<void> {
  while (!abandoned()) {
    const status = await fetch(`${url}/v1/streams/coldchain/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': key },
      body,
    }).then(
      (reply) => reply.arrayBuffer().then(() => reply.status),
      () => 0,
    );
    if (status === 202) return;
    if (status !== 0 && status !== 503 && status !== 409) throw new Error(`POST answered ${status}`);
    await delay(50);
  }
  throw new Error('the fleet was abandoned');
}
