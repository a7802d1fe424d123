// The lake of a campaign, as far as the judge needs it: what has come into it, whether it verifies, and when something is
// being put. One implementation: a directory.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { verifyLake } from '../../engine/verify/verify.ts';
import { eachObject } from '../support/read-lake.ts';
import type { FrameRecords, LakeContent } from './ledger.ts';
import { watchFolder } from './watch.ts';

export interface CrashLake {
  /** What `lake` in the configuration says. */
  readonly location: string;
  /** What has come since the last call. Keys are remembered, lines are not. */
  content(): Promise<LakeContent>;
  /** Findings of `verify`, as sentences. */
  verify(): Promise<string[]>;
  /** Resolves with true when an object is being put from now on, with false after `withinMs`. */
  put(withinMs: number): Promise<boolean>;
  /** Objects that were being put when the engine died. */
  unfinished(): number;
}

export function directoryLake(folder: string): CrashLake {
  const judged = new Set<string>();
  const temporary = join(folder, '_tmp');
  return {
    location: folder,
    async content() {
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
    },
    async verify() {
      const { findings } = await verifyLake({ lake: folder });
      return findings.map(({ verdict, key, reason }) => `verify: ${verdict} ${key ?? ''} ${reason}`);
    },
    put: (withinMs) => watchFolder(temporary, () => true).seen(withinMs),
    unfinished: () => (existsSync(temporary) ? readdirSync(temporary).length : 0),
  };
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
