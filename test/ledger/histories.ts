// Random events for models of the ledger: all acts, on few objects, so that everything meets everything.

import fc from 'fast-check';
import type { JudgedEvent } from '../../engine/epcis/judged.ts';
import { type Telling, told } from '../epcis/state/told.ts';

const GTINS = ['09521234000013', '19521234000010'];
const LOTS = ['A', 'B'];
/** Units, cases, pallets, and a thing that has no GTIN: few, so that everything meets everything. */
export const OBJECTS = [
  ...['1', '2', '3', '4'].map((serial) => `${GTINS[0]}/${serial}`),
  ...['1', '2'].map((serial) => `${GTINS[1]}/${serial}`),
  '/(00)095212340000000013',
  '/(00)095212340000000020',
  '/https://id.gs1.org/8004/95212345',
];
export const CLASSES = GTINS.flatMap((gtin) => LOTS.map((lot) => `${gtin}/(10)${lot}`));

const objects = fc.uniqueArray(fc.constantFrom(...OBJECTS), { minLength: 1, maxLength: 4 });
const things = fc.uniqueArray(fc.constantFrom(...OBJECTS, ...CLASSES), { minLength: 1, maxLength: 4 });
const at = fc.integer({ min: 0, max: 12 }).map((day) => new Date(Date.UTC(2026, 0, 1 + day)).toISOString());
const ilmd = fc.record(
  { lot: fc.constantFrom(...LOTS), expiry: fc.constantFrom('2026-01-05', '2027-03-27') },
  { requiredKeys: [] },
);
/** Sometimes an event that the stateless rules refused, a second one in place of the same, a declaration. */
const marks = fc.record(
  {
    note: fc.constantFrom('x', 'y'),
    declaredAt: fc.constantFrom('2026-02-01T00:00:00Z', '2026-02-02T00:00:00Z'),
  },
  { requiredKeys: [] },
);
const rarely = fc.option(marks, { freq: 4, nil: {} });
const rejected = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);

const kind: fc.Arbitrary<Omit<Telling, 'at'>> = fc.oneof(
  fc
    .record({
      items: things,
      action: fc.constant('ADD'),
      step: fc.constantFrom('commissioning', null, 'urn:x:make'),
    })
    .chain((event) => ilmd.map((more) => ({ ...event, ...more }))),
  fc.record({
    items: things,
    step: fc.constantFrom('shipping', 'receiving', 'void_shipping', 'storing', null),
  }),
  fc.record({
    items: objects,
    action: fc.constant('DELETE'),
    step: fc.constantFrom('decommissioning', 'destroying'),
  }),
  fc.record({
    type: fc.constant('AggregationEvent'),
    action: fc.constantFrom('ADD', 'ADD', 'DELETE', 'OBSERVE'),
    step: fc.constantFrom('packing', 'unpacking', 'shipping', 'loading'),
    parent: fc.constantFrom(...OBJECTS),
    children: fc.oneof(things, fc.constant([])),
  }),
  fc
    .record({
      type: fc.constant('TransformationEvent'),
      action: fc.constant(null),
      step: fc.constant(null),
      inputs: things,
      outputs: things,
    })
    .chain((event) => ilmd.map((more) => ({ ...event, ...more }))),
);
const telling: fc.Arbitrary<Telling> = fc.tuple(kind, at).map(([what, time]) => ({ ...what, at: time }));

/** One event of any kind, now and then one that was refused already. */
export const event: fc.Arbitrary<JudgedEvent> = fc
  .tuple(telling, rarely, rejected)
  .map(([what, more, isRejected]) => told({ ...what, ...more, rejected: isRejected }));

/** Declared erroneous and corrected, again and again: same objects, time and kind. */
const ERRORS: readonly Partial<Telling>[] = [
  {},
  { declaredAt: '2026-02-01T00:00:00Z' },
  { note: 'corrected' },
  { note: 'corrected', declaredAt: '2026-02-03T00:00:00Z' },
  { declaredAt: '2026-02-02T00:00:00Z' },
  { note: 'corrected twice', lot: 'A' },
];

/** An event and what becomes of it, in that order, most often, with other events between. */
const story = fc
  .tuple(
    event,
    telling,
    fc.subarray([...ERRORS]),
    fc.boolean(),
    fc.array(fc.nat(999), { minLength: 6, maxLength: 6 }),
  )
  .map(([single, what, errors, hasErrors, places]) => {
    const events = hasErrors ? errors.map((error) => told({ ...what, ...error })) : [single];
    const inOrder = places.slice(0, events.length).sort((a, b) => a - b);
    return events.map((each, i) => ({ event: each, place: inOrder[i] as number }));
  });

/** Events of many stories, told in one order. */
export const history: fc.Arbitrary<readonly JudgedEvent[]> = fc
  .array(story, { minLength: 1, maxLength: 24 })
  .map((stories) =>
    stories
      .flat()
      .sort((a, b) => a.place - b.place)
      .map((each) => each.event),
  );
