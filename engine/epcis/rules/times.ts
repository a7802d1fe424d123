// When an event happened: S02 and S03, L14 (in the future) and L15 (stale).

import { isZoneOffset, readTime, writeTime } from '../time.ts';
import type { JudgeContext, Report, Rule } from './rule.ts';
import { told } from './rule.ts';

/** Clocks of partners may go before ours by so much. */
const FUTURE_MS = 300_000;

/** True for xsd:dateTime: the zone may be missing. */
export function isDateTime(text: string): boolean {
  return readTime(text) !== null || readTime(`${text}Z`) !== null;
}

/** True for a day of the calendar as YYYY-MM-DD. */
export function isDay(text: string): boolean {
  return text.length === 10 && readTime(`${text}T00:00:00Z`) !== null;
}

export const times: Rule = ({ event }, report, context) => {
  const { eventTime, eventTimeZoneOffset, recordTime } = event.fields;
  judgeEventTime(eventTime, report, context);
  if (eventTimeZoneOffset === undefined) {
    report('S03_TZ_OFFSET', ['eventTimeZoneOffset'], 'no eventTimeZoneOffset');
  } else if (!isZoneOffset(eventTimeZoneOffset)) {
    report('S03_TZ_OFFSET', ['eventTimeZoneOffset'], `${told(eventTimeZoneOffset)}, not ±hh:mm to 14:00`);
  }
  if (recordTime !== undefined && !isDateTime(recordTime))
    report('S23_VALUE_TYPE', ['recordTime'], `${told(recordTime)} is no date and time`);
};

function judgeEventTime(sent: string | undefined, report: Report, context: JudgeContext): void {
  if (sent === undefined) {
    report('S02_EVENT_TIME', ['eventTime'], 'no eventTime');
    return;
  }
  const ms = readTime(sent);
  if (ms === null) {
    const why = isDateTime(sent) ? 'without a zone' : 'not a date and time that exists';
    report('S02_EVENT_TIME', ['eventTime'], `${told(sent)}, ${why}`);
  } else if (ms > context.nowMs + FUTURE_MS) {
    report('L14_FUTURE_TIME', ['eventTime'], `${told(sent)}, and it is ${writeTime(context.nowMs)}`);
  } else if (context.staleMs !== null && ms < context.nowMs - context.staleMs) {
    report('L15_STALE', ['eventTime'], `${told(sent)}, and it is ${writeTime(context.nowMs)}`);
  }
}
