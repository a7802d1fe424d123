// S16: words of the Core Business Vocabulary, in the fields that take them. JSON writes its words bare, XML as URIs; other
// URIs are anybody's own words.

import { bareWord, isCbvWord, isInCbv, type Vocabulary } from '../cbv.ts';
import { isAbsoluteUri, isTooLong, MAX_URI_BYTES } from '../identifiers/read.ts';
import type { SourceEvent, Step } from '../model.ts';
import type { Report, Rule } from './rule.ts';
import { told } from './rule.ts';

const URN = 'urn:epcglobal:cbv:';

/**
 * What is wrong with a word as the form of its document has to write it; null = nothing. In JSON the URN of a word is
 * refused as the schema does; its web URI is what the bare word expands to, and passes.
 */
export function faultOfWord(vocabulary: Vocabulary, sent: string, event: SourceEvent): string | null {
  const json = event.form === 'json';
  const isBare = !sent.includes(':');
  if (isBare && !json) return `${told(sent)} is no URI`;
  const word = bareWord(vocabulary, sent, event.prefixes);
  if (isCbvWord(vocabulary, word)) {
    return json && sent.startsWith(URN) ? `${told(sent)}, which JSON writes as ${word}` : null;
  }
  if (isBare || !word.includes(':')) return `${told(sent)} is no ${NAMES[vocabulary]} of the CBV`;
  if (isInCbv(word)) return `${told(sent)} is in the namespace of the CBV and no ${NAMES[vocabulary]} of it`;
  if (isTooLong(word)) return `${told(sent)} has more than ${MAX_URI_BYTES} bytes`;
  return isAbsoluteUri(word) ? null : `${told(sent)} is no URI`;
}

/** Words of a sensorReport by their fields. */
const SENSOR_WORDS = [
  ['type', 'measurement'],
  ['exception', 'alert'],
  ['component', 'component'],
] as const;

const NAMES: Readonly<Record<Vocabulary, string>> = {
  bizStep: 'bizStep',
  disposition: 'disposition',
  bizTransaction: 'type of business transaction',
  sourceDest: 'type of source or destination',
  errorReason: 'reason',
  component: 'component',
  measurement: 'type of measurement',
  alert: 'type of alert',
};

export const words: Rule = ({ event }, report) => {
  const { bizStep, disposition, persistentDisposition, bizTransactionList, sourceList, destinationList } =
    event.fields;
  judge(event, 'bizStep', bizStep, ['bizStep'], report);
  judge(event, 'disposition', disposition, ['disposition'], report);
  for (const which of ['set', 'unset'] as const) {
    for (const [i, sent] of (persistentDisposition?.[which] ?? []).entries())
      judge(event, 'disposition', sent, ['persistentDisposition', which, i], report);
  }
  for (const [i, { type }] of (bizTransactionList ?? []).entries())
    judge(event, 'bizTransaction', type, ['bizTransactionList', i, 'type'], report);
  for (const [i, { type }] of (sourceList ?? []).entries())
    judge(event, 'sourceDest', type, ['sourceList', i, 'type'], report);
  for (const [i, { type }] of (destinationList ?? []).entries())
    judge(event, 'sourceDest', type, ['destinationList', i, 'type'], report);
  if (event.form === 'json') judgeSensors(event, report);
};

/** Bare words only: the schema takes any URI here, and XML has nothing else. */
function judgeSensors({ fields }: SourceEvent, report: Report): void {
  for (const [i, { reports }] of (fields.sensorElementList ?? []).entries()) {
    for (const [j, each] of reports.entries()) {
      for (const [field, vocabulary] of SENSOR_WORDS) {
        const sent = each.fields[field];
        if (!sent || sent.includes(':') || isCbvWord(vocabulary, sent)) continue;
        const path = ['sensorElementList', i, 'reports', j, field];
        report('S16_CBV_VALUE', path, `${told(sent)} is no ${NAMES[vocabulary]} of the CBV`);
      }
    }
  }
}

function judge(
  event: SourceEvent,
  vocabulary: Vocabulary,
  sent: string | undefined,
  path: readonly Step[],
  report: Report,
): void {
  // A type that is missing is S15's.
  if (sent === undefined || (sent === '' && path.length > 1)) return;
  const fault = faultOfWord(vocabulary, sent, event);
  if (fault !== null) report('S16_CBV_VALUE', path, fault);
}
