// What the two peers that do the nearest to firn's work have in common: they speak firn's protocol, say their port in one
// line when they are ready, and leave files whose hashes are computed again.

import type { Stored } from './batch-files.ts';
import { startChild } from './child.ts';
import type { RunningPeer } from './peer.ts';

export interface LikeFirn {
  readonly name: string;
  readonly command: string;
  /** Takes `--dir FOLDER` after these. */
  readonly script: string;
  /** Counts what lies in the folder. */
  readonly count: (folder: string) => Promise<Stored>;
  /** What is counted, as a sentence that goes on from the number of records. */
  readonly how: (files: number) => string;
}

/** Starts such a peer. @throws Error with its last words when it does not get ready */
export async function startLikeFirn(peer: LikeFirn, folder: string): Promise<RunningPeer> {
  const { name, command, script, count, how } = peer;
  const ready = /^ready (\{.*\})$/;
  const child = await startChild({ name, command, args: [script, '--dir', folder], ready });
  const { port } = JSON.parse(child.ready[1] as string) as { port: number };
  return {
    port,
    path: '/v1/streams/coldchain/ws',
    pids: [child.pid],
    stop: () => child.stop(),
    check: async (expected) => {
      const { files, records } = await count(folder);
      return { stored: records, ok: records >= expected.records, how: how(files) };
    },
  };
}
