// L10: the GLNs of places and parties are in the directory of partners. Where there is no directory the document is told so
// once (document.ts), and nothing here runs.

import { readIdentifier } from '../identifiers/read.ts';
import type { Rule } from './rule.ts';

export const membership: Rule = ({ event }, report, { partners }) => {
  if (partners === null) return;
  const { readPoint, bizLocation, sourceList, destinationList } = event.fields;
  const judge = (id: string | undefined, path: readonly (string | number)[]): void => {
    if (id === undefined) return;
    // One with a fault is told by its own rule.
    const { gln, fault } = readIdentifier(id);
    if (fault === null && gln !== '' && !partners.has(gln))
      report('L10_UNKNOWN_GLN', path, `GLN ${gln} is not in the directory`);
  };
  judge(readPoint?.id, ['readPoint', 'id']);
  judge(bizLocation?.id, ['bizLocation', 'id']);
  for (const [i, { id }] of (sourceList ?? []).entries()) judge(id, ['sourceList', i, 'id']);
  for (const [i, { id }] of (destinationList ?? []).entries()) judge(id, ['destinationList', i, 'id']);
};
