// The lake of a campaign, as far as the judge needs it: what has come into it, whether it verifies, and when something is
// being put. Implementations: a directory, and a bucket (s3-lake.ts).

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigInput } from '../../engine/config.ts';
import type { VerifyOptions } from '../../engine/verify/options.ts';
import { verifyLake } from '../../engine/verify/verify.ts';
import { eachObject } from '../support/read-lake.ts';
import type { FrameRecords, LakeContent } from './ledger.ts';
import type { Phase } from './store-trouble.ts';
import { watchFolder } from './watch.ts';

export interface CrashLake {
  /** What `lake` in the configuration says. */
  readonly location: string;
  /** What `s3` there says. */
  readonly s3?: ConfigInput['s3'];
  /** What has come since the last call. Keys are remembered, lines are not. */
  content(): Promise<LakeContent>;
  /** Findings of `verify`, as sentences. */
  verify(): Promise<string[]>;
  /** Resolves with true when an object is being put from now on, with false after `withinMs`. */
  put(withinMs: number): Promise<boolean>;
  /** Objects that were being put when the engine died; in a bucket those that were put after its checkpoint. */
  unfinished(): number;
  /** What goes wrong with the store from now on. */
  trouble(phase: Phase): Promise<void>;
  /** Makes it outlive this process, in the site's folder. */
  keep(): void;
  /** The site is removed, and its folder with it. */
  drop(): void;
}

export function directoryLake(folder: string): CrashLake {
  const judged = new Set<string>();
  const temporary = join(folder, '_tmp');
  return {
    location: folder,
    content: () => contentOf(folder, judged),
    verify: () => findingsOf({ lake: folder }),
    put: (withinMs) => watchFolder(temporary, () => true).seen(withinMs),
    unfinished: () => (existsSync(temporary) ? readdirSync(temporary).length : 0),
    trouble: async () => undefined,
    keep: () => undefined,
    drop: () => undefined,
  };
}

/** What a folder holds in objects that are not `judged` yet; then they are. */
export async function contentOf(folder: string, judged: Set<string>): Promise<LakeContent> {
  const good: string[] = [];
  const refused: string[] = [];
  const crashed: FrameRecords[] = [];
  let stops = 0;
  for await (const { key, lines } of eachObject(folder, '', (name) => !judged.has(name))) {
    judged.add(key);
    for (const line of lines) {
      const record = JSON.parse(line);
      if (key.startsWith('audit/')) stops += record.action === 'stop' ? 1 : 0;
      else if (!key.startsWith('dead-letter/')) good.push(`${record.sensor_id} ${record.timestamp_utc}`);
      else {
        const raw = Buffer.from(record.raw_b64, 'base64').toString();
        if (record.code === 'codec.crash') crashed.push(recordsOf(raw));
        else refused.push(raw);
      }
    }
  }
  return { good, refused, crashed, stops };
}

/** Findings of `verify`, as sentences. */
export async function findingsOf(options: VerifyOptions): Promise<string[]> {
  const { findings } = await verifyLake(options);
  return findings.map(({ verdict, key, reason }) => `verify: ${verdict} ${key ?? ''} ${reason}`);
}

/** The records of a whole frame as the fleet wrote it. */
function recordsOf(frame: string): FrameRecords {
  const good: string[] = [];
  const refused: string[] = [];
  for (const line of frame.split('\n')) {
    if (line === '') continue;
    const record = JSON.parse(line);
    if (record.sensor_id === undefined) refused.push(line);
    else good.push(`${record.sensor_id} ${record.timestamp_utc}`);
  }
  return { good, refused };
}
