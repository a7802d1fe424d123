// Names of objects in the lake (FORMAT.md §1). A name is a function of class, day and content, so writing an object again
// names the same object.

import { assert } from '../assert.ts';

/** What shares one run of sequence numbers: a record stream, the dead letter of a stream, or audit. */
export type ObjectClass =
  | { readonly kind: 'records'; readonly stream: string }
  | { readonly kind: 'dead-letter'; readonly stream: string }
  | { readonly kind: 'audit' };

/** The parts of an object's key. `day` is `YYYY-MM-DD`, `firstSeq` a decimal string. */
export interface ObjectName {
  readonly cls: ObjectClass;
  readonly day: string;
  readonly root: string;
  readonly firstSeq: string;
}

const KEY =
  /^(?:(audit)|(dead-letter)\/([a-z][a-z0-9-]{0,62})|([a-z][a-z0-9-]{0,62}))\/year=(\d{4})\/month=(\d\d)\/day=(\d\d)\/batch_([0-9a-f]{64})_([1-9][0-9]{0,18})\.ndjson\.zst$/;

/** Names that no stream has: they are folders of the lake's own. `epcis` is a stream, though none of a configuration. */
export const RESERVED_STREAMS: readonly string[] = ['audit', 'dead-letter'];

/** Folder of a class in the lake: `coldchain`, `dead-letter/coldchain`, `audit`. Distinct classes have distinct keys. */
export function classKey(cls: ObjectClass): string {
  if (cls.kind === 'audit') return 'audit';
  return cls.kind === 'records' ? cls.stream : `dead-letter/${cls.stream}`;
}

/** Key of an object, relative to the lake's prefix. `day` = `YYYY-MM-DD`, `root` = 64 hex digits. */
export function objectKey(cls: ObjectClass, day: string, root: string, firstSeq: bigint | string): string {
  const [year, month, date] = day.split('-');
  const key = `${classKey(cls)}/year=${year}/month=${month}/day=${date}/batch_${root}_${firstSeq}.ndjson.zst`;
  assert(parseObjectKey(key)?.cls.kind === cls.kind, 'an object key has the shape of FORMAT.md §1');
  return key;
}

/** The parts of `key`, or null when it is not the key of an object. */
export function parseObjectKey(key: string): ObjectName | null {
  const match = KEY.exec(key);
  if (match === null) return null;
  const [, audit, , refused, stream = '', year, month, date, root = '', firstSeq = ''] = match;
  if (RESERVED_STREAMS.includes(refused ?? stream)) return null;
  const day = `${year}-${month}-${date}`;
  if (audit !== undefined) return { cls: { kind: 'audit' }, day, root, firstSeq };
  if (refused !== undefined) return { cls: { kind: 'dead-letter', stream: refused }, day, root, firstSeq };
  return { cls: { kind: 'records', stream }, day, root, firstSeq };
}
