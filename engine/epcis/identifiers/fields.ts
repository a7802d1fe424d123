// Which kinds of identifier a field of an event takes (I10). Classes among the objects are told apart from what is wrong:
// documents of before 2.0 do it, the DSCSA guideline does not allow it.

import type { IdKind } from './identifier.ts';

export type IdField = 'object' | 'parent' | 'class' | 'place' | 'party' | 'transaction';

/** `class` and `place`: the id names a class or a place where the field takes objects. */
export type Fit = 'fits' | 'class' | 'place' | 'other';

const CLASSES: ReadonlySet<IdKind> = new Set<IdKind>([
  'lgtin',
  'gtin',
  'grai-class',
  'gdti-class',
  'sgcn-class',
  'itip-lot',
  'itip-class',
  'cpi-class',
]);

const PLACES: ReadonlySet<IdKind> = new Set<IdKind>(['sgln', 'pgln', 'geo']);

/** How an identifier fits into a field. Private URIs fit everywhere: the CBV allows them in every field. */
export function fitOf(kind: IdKind, field: IdField): Fit {
  if (kind === 'sgtin' && field === 'object') return 'fits';
  if (kind === 'uri' || kind === 'broken' || field === 'transaction') return 'fits';
  if (field === 'object' || field === 'parent')
    return CLASSES.has(kind) ? 'class' : PLACES.has(kind) ? 'place' : 'fits';
  if (field === 'class') return CLASSES.has(kind) ? 'fits' : 'other';
  if (field === 'place') return kind === 'sgln' || kind === 'geo' ? 'fits' : 'other';
  return kind === 'pgln' || kind === 'sgln' ? 'fits' : 'other';
}
