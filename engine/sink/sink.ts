// Where sealed objects go. Implementations are named after the place (`directory.ts`); the sealer and `verify` know only
// this interface. Keys are relative to the lake's prefix, their segments divided by `/`.
//
// What always holds: an object is under its name whole or not at all; a name that exists is never given other bytes by
// `putNew`; every call may be repeated after any failure.

/** What a start-up probe found out about a store (FORMAT.md §3): goes into the audit stream. */
export interface StoreProbe {
  /** Kind of store: `directory`, `s3`. */
  readonly store: string;
  /** The store refuses to overwrite when asked to: only then may firn call the lake append-only. */
  readonly ifNoneMatch: boolean;
  /** The store refuses a body that does not fit its checksum; null where bodies do not travel. */
  readonly checksum: boolean | null;
  /** The store keeps what is overwritten or deleted, as older versions; null where it does not tell. */
  readonly versions: boolean | null;
  /** The lock that each sealed object gets, or null. */
  readonly retention: { readonly mode: 'governance' | 'compliance'; readonly days: number } | null;
  readonly detail: string;
}

export interface Sink {
  /**
   * Stores `body` under a new name, durably. `same`: the name was there with the same bytes (a lost answer, a crash).
   * `different`: it was there with other bytes and stays as it was: an alarm for the caller. `seal` is kept with the
   * object where the store has a place for it.
   */
  putNew(key: string, body: Uint8Array, seal?: Uint8Array): Promise<'created' | 'same' | 'different'>;
  /**
   * Stores `body` in the place of `was` (null: of nothing), at once: readers see the old bytes or the new. `different`:
   * something else is there, which stays as it was: another writer. Bytes that are there already count as replaced.
   */
  replace(key: string, body: Uint8Array, was: Uint8Array | null): Promise<'replaced' | 'different'>;
  /** The object's bytes, or null when there is none. */
  get(key: string): Promise<Uint8Array | null>;
  /** Removes the object; no error when there is none. Only for files that FORMAT.md lets go (old partial tiles, probes). */
  remove(key: string): Promise<void>;
  /**
   * Prepares the store and finds out what it can do; removes what dead runs left behind. Once, at start.
   * @throws ConfigError when the store can never work as a lake.
   */
  probe(): Promise<StoreProbe>;
}

/** The store cannot be used at present; nothing is known to be wrong with the object. Try the same call again later. */
export class SinkOutage extends Error {
  override readonly name = 'SinkOutage';
  /** What the store asked to be spared for (`Retry-After`), ms; 0 where it said nothing. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs = 0) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The store refuses this one object; trying again will not help. `message` says why. */
export class SinkFault extends Error {
  override readonly name = 'SinkFault';
}

const SEGMENT = /^[A-Za-z0-9._=-]{1,255}$/;

/** Whether `key` may name an object: 1–1,024 characters, relative, no empty, `.` or `..` segment, no character outside A–Z a–z 0–9 `._=-/`. */
export function isKey(key: string): boolean {
  return (
    key.length <= 1024 && key.split('/').every((part) => SEGMENT.test(part) && part !== '.' && part !== '..')
  );
}
