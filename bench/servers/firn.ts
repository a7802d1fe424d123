// firn itself, as it is run in earnest: `firn serve` in a process of its own, the lake verified by `firn verify` when it
// has drained.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineStatus } from '../../engine/status.ts';
import type { Report } from '../../engine/verify/report.ts';
import type { LoadReport } from '../load.ts';
import { type Child, startChild } from '../peers/child.ts';
import { ROOT } from '../root.ts';
import type { Proof, RunningServer, Server } from './server.ts';

const MAIN = join(ROOT, 'dist/engine/cli/main.js');
/** Longest drain: seconds of full load may wait to be sealed. */
const DRAIN_MS = 120_000;
const PATH = '/v1/streams/coldchain/ws';

/** Settings of a trial; what is left out is firn's default. */
export interface FirnOptions {
  readonly codec?: 'native' | 'portable';
}

/** What a verification took, and how much it read. */
export interface Verified {
  readonly sound: boolean;
  readonly records: number;
  readonly seconds: number;
}

/** `firn verify` on a lake, in a process of its own. @throws Error when it could not run */
export function verify(lake: string): Verified {
  const args = [MAIN, 'verify', lake, '--json'];
  const options = { encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  if (status !== 0 && status !== 1)
    throw new Error(`firn verify could not run (exit ${status}): ${stderr.trim()}`);
  const { sound, records, seconds } = JSON.parse(stdout) as Report;
  return { sound, records, seconds };
}

export class RunningFirn implements RunningServer {
  readonly target: RunningServer['target'];
  readonly lake: string;
  readonly #child: Child;
  readonly #url: string;

  constructor(child: Child, folder: string) {
    this.#child = child;
    this.#url = child.ready[1] as string;
    this.lake = join(folder, 'data/lake');
    this.target = { protocol: 'firn', port: Number(new URL(this.#url).port), path: PATH, pid: child.pid };
  }

  async status(): Promise<EngineStatus> {
    return (await fetch(`${this.#url}/v1/status`)).json() as Promise<EngineStatus>;
  }

  async threadNames(): Promise<ReadonlyMap<number, string>> {
    return new Map((await this.status()).threads.map(({ tid, name }) => [tid, name]));
  }

  /** Drains, and compares three counts: what was acknowledged, what the engine says, what lies in the lake. */
  async finish({ total }: LoadReport): Promise<Proof> {
    const { acct } = await this.status();
    await this.#child.stop('SIGTERM', DRAIN_MS);
    const { sound, records, seconds } = verify(this.lake);
    // The lake has the audit events of the run beside the records.
    const ok = sound && acct.received === total.records_sent && records >= acct.received;
    const how = `${total.records_acked} acknowledged, ${acct.accepted} accepted + ${acct.rejected} refused, ${records} lines in a lake that is ${sound ? 'sound' : 'NOT sound'}`;
    return { ok, how, verified: { records, seconds } };
  }

  async abandon(): Promise<void> {
    await this.#child.stop('SIGKILL');
  }
}

export interface FirnServer extends Server {
  start(folder: string): Promise<RunningFirn>;
}

export function firnServer(options: FirnOptions = {}): FirnServer {
  const { codec } = options;
  return {
    name: codec === undefined ? 'firn' : `firn-${codec}`,
    title: codec === undefined ? 'firn' : `firn, ${codec} codec`,
    kind: 'ours',
    missing: () => null,
    start: async (folder) => {
      const config = join(folder, 'firn.json');
      writeFileSync(config, JSON.stringify({ ...(codec === undefined ? {} : { codec }) }));
      const child = await startChild({
        name: 'firn',
        command: process.execPath,
        args: [MAIN, 'serve', '--config', config, '--data', join(folder, 'data'), '--port', '0'],
        ready: /listening on (http:\/\/\S+?),/,
      });
      return new RunningFirn(child, folder);
    },
  };
}
