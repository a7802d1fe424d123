// A server under load, whatever it is: firn, a server that only counts, or a peer. A trial starts it on an empty folder,
// drives it, and then has it prove that it did what it acknowledged: a fast wrong answer is no answer.

import type { LoadOptions, LoadReport } from '../load.ts';

/** What became of everything that was acknowledged. */
export interface Proof {
  readonly ok: boolean;
  /** What was counted where, in a sentence. */
  readonly how: string;
  /** What `firn verify` read, and in which time, where there is a lake. */
  readonly verified?: { readonly records: number; readonly seconds: number };
}

/** Processor time of one of the server's threads in the measured interval. */
export interface ThreadCost {
  readonly name: string;
  readonly cpuSeconds: number;
}

export interface RunningServer {
  /** How the load generator reaches it. */
  readonly target: Pick<LoadOptions, 'protocol' | 'port' | 'path' | 'topic' | 'pid'>;
  /** Names of its threads by the system's number, where it tells them. */
  threadNames(): Promise<ReadonlyMap<number, string>>;
  /** Stops it and checks what it kept against the totals of the report. */
  finish(report: LoadReport): Promise<Proof>;
  /** Ends it without asking anything; does nothing when it is gone. */
  abandon(): Promise<void>;
}

export interface Server {
  /** One word, for options, files and JSON. */
  readonly name: string;
  /** For a table. */
  readonly title: string;
  readonly kind: 'ours' | 'peer' | 'bound';
  /** Why it cannot run here and what to install; null when it can. */
  missing(): { readonly why: string; readonly install: string } | null;
  /** @param folder exists, is empty and its own */
  start(folder: string): Promise<RunningServer>;
}
