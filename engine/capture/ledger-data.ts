// What the ledger's thread is started with. Structured-cloneable.

import type { S3LakeSettings } from '../sink/open.ts';
import type { Judging } from './messages.ts';

export interface LedgerData {
  /** `postgres://…`, null = embedded. Holds a password. */
  readonly url: string | null;
  readonly poolSize: number;
  /** Folder of the embedded ledger. */
  readonly folder: string;
  readonly spool: string;
  /** Folder of the local log of seals, and its name. */
  readonly log: string;
  readonly origin: string;
  /** The newest capture that the journal has accepted events of, from before this run; null = there is none. */
  readonly newest: { readonly capture: string; readonly accepted: number } | null;
  readonly lake: string;
  readonly s3: S3LakeSettings | null;
  readonly judging: Judging;
  /** The directory. `ackUrl`: where acknowledgements are sent, null = they are polled. */
  readonly partners: readonly {
    readonly gln: string;
    readonly name: string;
    readonly ackUrl: string | null;
  }[];
}
