// Times as the reference hash writes them: UTC to the millisecond, the microseconds rounded half to even.

import { canonicalTime } from '../time.ts';

const TIME =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?(Z|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})?$/;

/** Length of a time in UTC with three digits behind the second. */
const MILLIS = 24;

/**
 * The moment as `YYYY-MM-DDTHH:MM:SS.mmmZ`; text that is none as it is. Half a millisecond before a full second is carried
 * into it, where the reference fails and leaves the event out; a time without a zone is taken for UTC, where the
 * reference takes the zone of its machine.
 */
export function referenceTime(text: string): string {
  // To the millisecond both ways are the same.
  if (text.length <= MILLIS && text.endsWith('Z')) {
    const usual = canonicalTime(text);
    if (usual !== null) return usual;
  }
  const parts = TIME.exec(text);
  if (parts === null) return text;
  const [, day, minute, second = '00', fraction = '', zone = 'Z'] = parts;
  const sign = zone === 'Z' ? 'Z' : zone.length === 6 ? zone : `${zone.slice(0, 3)}:${zone.slice(3) || '00'}`;
  const base = Date.parse(`${day}T${minute}:${second}.000${sign}`);
  if (Number.isNaN(base)) return text;
  const micros = Number(fraction.slice(0, 6).padEnd(6, '0'));
  const rest = micros % 1000;
  let millis = (micros - rest) / 1000;
  if (rest > 500 || (rest === 500 && millis % 2 === 1)) millis++;
  const time = new Date(base + millis);
  return Number.isNaN(time.getTime()) ? text : time.toISOString();
}
