// Events as a reader would hand them over, made by hand. All numbers are made up; check digits are right.

import type { EventFields, SourceEvent } from '../../engine/epcis/model.ts';

/** A value as an EPC URN has it. */
export function escapeForUrn(plain: string): string {
  return plain.replace(
    /["%&/<>?#]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

const OFFSET = '-05:00';

/** An event with the fields, and nothing else but a time and its zone. */
export function sourceEvent(
  type: string,
  fields: Partial<EventFields>,
  prefixes: ReadonlyMap<string, string> = new Map(),
): SourceEvent {
  return {
    index: 0,
    form: 'json',
    type,
    fields: { eventTime: '2024-05-06T07:08:09Z', eventTimeZoneOffset: OFFSET, ext: [], ...fields },
    prefixes,
    span: { offset: 0, length: 0 },
    faults: [],
    locate: (path) => `/${path.join('/')}`,
  };
}
