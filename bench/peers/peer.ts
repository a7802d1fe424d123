// What the suite asks of a peer: a program that other people would reach for instead of firn, on this machine, in the same
// run, with the same records. It says plainly what it does not do, because the table beside its number must say it too.

/** What the load generator speaks to a peer. All but redis over WebSocket. */
export type Protocol = 'firn' | 'nats' | 'mqtt' | 'redis';

export interface Does {
  /** Judges each record against telemetry/1. */
  readonly validates: boolean;
  /** Hashes each record. */
  readonly hashes: boolean;
  /** Leaves batches that cannot be changed unnoticed. */
  readonly seals: boolean;
  /** When the disk is told to keep what was written, in words. */
  readonly syncs: string;
}

export type Availability =
  | { readonly ok: true; readonly version: string }
  /** `install` is a line for a shell. */
  | { readonly ok: false; readonly why: string; readonly install: string };

/** What a generator counted at the end of a run. */
export interface Expected {
  /** Valid records in acknowledged frames. */
  readonly records: number;
  /** Acknowledged frames: what a peer holds that never looks into one. */
  readonly frames: number;
}

export interface Check {
  /** Records, or messages where a peer stores frames unread. */
  readonly stored: number;
  /** Nothing acknowledged is missing. More may be stored: frames whose acknowledgement the generator did not wait for. */
  readonly ok: boolean;
  /** Where and how it was counted. */
  readonly how: string;
}

export interface RunningPeer {
  /** TCP port on 127.0.0.1. */
  readonly port: number;
  /**
   * Where frames go: path of the URL (firn), subject (nats), topic (mqtt) or key of the stream (redis). NATS and MQTT are
   * spoken at the path `/`.
   */
  readonly path: string;
  /** Processes whose time and memory are this peer's. */
  readonly pids: readonly number[];
  /** Ends the peer, with SIGKILL where 5 s are not enough. Does nothing when it is gone already. */
  stop(): Promise<void>;
  /** Counts what is really stored. The peer may have to run for it: see `how`. @throws when it cannot be counted */
  check(expected: Expected): Promise<Check>;
}

export interface Peer {
  /** One word, for options and file names. */
  readonly name: string;
  /** For a table. */
  readonly title: string;
  readonly protocol: Protocol;
  /** When its acknowledgement leaves, in words. */
  readonly acknowledges: string;
  readonly does: Does;
  /** Sentences to print below the table. */
  readonly notes: readonly string[];
  /** Is all of it installed? Looks only. */
  available(): Availability;
  /**
   * Starts it on `folder`, which exists and is its own; a folder of an earlier run is taken up again.
   * @throws Error with its last words when it ends, or is not ready in time
   */
  start(folder: string): Promise<RunningPeer>;
}
