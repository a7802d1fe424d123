// The public mutants: documents with one change each, and what has to be found in them. Rules of comparison: the events that
// are refused are exactly those expected, every expected code is there, and other warnings are only those of history that
// follow from an event that was refused before.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../engine/epcis/model.ts';
import { checkText } from '../../support/epcis-check.ts';

const folder = fileURLToPath(new URL('../../../../shared/epcis/', import.meta.url));
const mutants = join(folder, 'dscsa-mutants');
const has = existsSync(mutants);
const read = (path: string): Buffer => readFileSync(path);
const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

interface Expected {
  readonly expect: readonly Pick<Finding, 'code' | 'event' | 'severity'>[];
  readonly outcome: string;
  readonly events: number;
  readonly accepted_proceed: number;
  readonly accepted_rollback: number;
}

const options = {
  gln: '0300011111116',
  partners: new Set(has ? (json(join(mutants, 'glns.json')) as { gln: string }[]).map(({ gln }) => gln) : []),
};
const names = has ? readdirSync(mutants).filter((name) => /\.(jsonld|xml)$/.test(name)) : [];
const rejected = (findings: readonly Pick<Finding, 'event' | 'severity'>[]): unknown[] =>
  [...new Set(findings.filter(({ severity }) => severity === 'reject').map(({ event }) => event))].sort();

describe.skipIf(!has)('public mutants (beside the checkout: ../shared/epcis)', () => {
  for (const name of names) {
    test(name, async () => {
      const expected = json(join(mutants, `${name}.expect.json`)) as Expected;
      for (const behaviour of ['proceed', 'rollback'] as const) {
        const report = await checkText(read(join(mutants, name)), { ...options, behaviour });
        expect(report.outcome).toBe(expected.outcome);
        expect(report.accepted).toBe(expected[`accepted_${behaviour}`]);
        // What could not be read has no events to count.
        if (!expected.expect.some(({ code }) => /^D0[456]/.test(code)))
          expect(report.events).toBe(expected.events);
        expect(rejected(report.findings)).toEqual(rejected(expected.expect));
        for (const each of expected.expect)
          expect(report.findings).toContainEqual(expect.objectContaining(each));
        const extra = report.findings.filter(
          ({ code, event }) => !expected.expect.some((each) => each.code === code && each.event === event),
        );
        expect(extra.filter(({ code }) => !/^L0[57]_/.test(code))).toEqual([]);
      }
    });
  }

  for (const name of ['base_1.2.xml', 'base_2.0.xml', 'base_2.0_dl.jsonld', 'base_2.0_urn.jsonld']) {
    test(`${name} has no finding`, async () => {
      const report = await checkText(read(join(folder, 'dscsa-forms', name)), options);
      expect(report).toEqual({ outcome: 'accept_all', events: 8, accepted: 8, findings: [] });
    });
  }
});

/** Documents of the public samples that are refused in profile generic, and why: all others are taken. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'gs1/JSON/AssociationEvent/AssociationEvent-h.jsonld': ['D04_MALFORMED'],
  // Two events with the same objects, time and step, and other measurements: L13 by the composite key. A step of the CBV
  // that is spelled `Bizstep-`.
  'gs1/XML/WithSensorData/SensorDataExamples.xml': ['L13_KEY_CONFLICT', 'S16_CBV_VALUE'],
  // One object that goes into two transformations.
  'hash-vectors/epcisDocWith2DifferentTransformationEvents.xml': ['L06_DECOMMISSIONED', 'L13_KEY_CONFLICT'],
  // Order of elements.
  'hash-equal/timestampPrecision.xml': ['S21_XML_FORM'],
  'hash-equal/timestampTimeZone.xml': ['S21_XML_FORM'],
  // Keys with wrong digits, a time without seconds, a measurement of two years after its event.
  'openepcis/2.0/EPCIS/XML/Query/Documents/QueryResultsDocument.xml': ['I02_KEY_LENGTH', 'S18_SENSOR'],
  'openepcis/2.0/EPCIS/XML/Query/queryDocument.xml': ['I15_CHECK_DIGIT'],
  'openepcis/2.0/EPCIS/JSON/Query/queryDocument.json': ['I15_CHECK_DIGIT'],
  'openepcis/2.0/EPCIS/XML/Query/TransformationEvent_with_error_declaration.xml': ['S17_ERROR_DECLARATION'],
  'openepcis/2.0/EPCIS/JSON/Capture/Invalid/EPCISDocument_without_context.json': ['D09_CONTEXT_MISSING'],
  'openepcis/2.0/EPCIS/JSON/Capture/Invalid/ObjectEvent_with_invalid_action.json': ['S04_ACTION'],
  'openepcis/2.0/EPCIS/JSON/Capture/Invalid/ObjectEvent_with_invalid_eventTime_format.json': [
    'S02_EVENT_TIME',
  ],
  'openepcis/2.0/EPCIS/JSON/Capture/Invalid/ObjectEvent_with_non_standard_bizStep.json': ['S16_CBV_VALUE'],
  'openepcis/2.0/EPCIS/JSON/Capture/Invalid/ObjectEvent_with_quantity_as_text.json': ['S14_QUANTITY'],
  'openepcis/2.0/EPCIS/JSON/Capture/Invalid/ObjectEvent_without_identifier_list.json': ['S05_WHAT_EMPTY'],
  'openepcis/2.0/EPCIS/XML/Capture/Invalid/ObjectEvent_with_invalid_action.xml': ['S04_ACTION'],
  'openepcis/2.0/EPCIS/XML/Capture/Invalid/ObjectEvent_with_invalid_eventTime_format.xml': ['S02_EVENT_TIME'],
  'openepcis/2.0/EPCIS/XML/Capture/Invalid/ObjectEvent_with_wrong_element_order.xml': ['S21_XML_FORM'],
  'openepcis/2.0/EPCIS/XML/Capture/Invalid/ObjectEvent_without_eventTime.xml': ['S02_EVENT_TIME'],
};
/** Not documents of events. */
const OTHER = /CaptureJob|\/Queries\/|JSON-Schema/;
const samples = has
  ? ['gs1', 'openepcis', 'hash-vectors', 'hash-equal'].flatMap((part) =>
      readdirSync(join(folder, part), { recursive: true, encoding: 'utf8' }).map((name) => `${part}/${name}`),
    )
  : [];

describe.skipIf(!has)('public samples in profile generic (beside the checkout: ../shared/epcis)', () => {
  const files = samples.filter((name) => /\.(xml|json|jsonld)$/.test(name) && !OTHER.test(name)).sort();

  test('every refusal is one that the document deserves', async () => {
    expect(files.length).toBeGreaterThan(100);
    const refused: Record<string, string[]> = {};
    for (const name of files) {
      const { findings } = await checkText(read(join(folder, name)), {
        profile: 'generic',
        gln: null,
        partners: null,
        nowMs: Date.parse('2027-01-01T00:00:00Z'),
      });
      const codes = findings.filter(({ severity }) => severity === 'reject').map(({ code }) => code);
      if (codes.length > 0) refused[name] = [...new Set(codes)].sort();
    }
    expect(refused).toEqual(REFUSED);
  });
});
