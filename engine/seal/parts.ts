// What the seal stage consists of: put together by `openSealer`, driven by the sealer.

import type { Acct, Fold } from '../journal/fold.ts';
import type { GroupReader } from '../journal/reader.ts';
import type { JournalWriter } from '../journal/writer.ts';
import type { Storage } from '../storage.ts';
import type { Builder } from './builder.ts';
import type { Cutter } from './cutter.ts';
import type { Intake } from './intake.ts';
import type { SealLog } from './log.ts';
import type { Outbox } from './outbox.ts';
import type { PublishedLog } from './published-log.ts';
import type { Publisher } from './publisher.ts';
import type { Quarantine } from './quarantine.ts';
import type { Retention } from './retention.ts';
import type { SealerMessage } from './sealer.ts';
import type { SpoolFiles } from './spool-files.ts';

/** What `openSealer` puts together. */
export interface SealerParts {
  readonly engine: string;
  /** What was counted before this log began. */
  readonly base: Acct;
  readonly storage: Storage;
  readonly stateFolder: string;
  readonly fold: Fold;
  readonly groups: GroupReader;
  readonly cutter: Cutter;
  readonly intake: Intake;
  readonly builder: Builder;
  readonly outbox: Outbox;
  readonly writer: JournalWriter;
  readonly publisher: Publisher;
  readonly published: PublishedLog;
  readonly quarantine: Quarantine;
  readonly retention: Retention;
  /** Null where this engine has never taken captures. */
  readonly spoolFiles: SpoolFiles | null;
  readonly log: SealLog;
  readonly positions: BigInt64Array;
  readonly heartbeatMs: number;
  readonly nowMs: () => number;
  /** Newest `sealed_utc`, Unix ms. */
  readonly sealedMs: () => number;
  readonly post: (message: SealerMessage) => void;
  /** SHA-256 of the newest final seal, hex. */
  readonly prev: string;
  /** Cuts below this index are in the seal journal already. */
  readonly journaledBelow: number;
  readonly close: () => void;
}
