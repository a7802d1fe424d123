// Documents for the tests of the JSON reader: own numbers under company prefix 9999999, which no one has.

import { createJsonReader, type JsonReaderOptions } from '../../../engine/epcis/json/reader.ts';
import {
  type DocumentHead,
  type Finding,
  READ_LIMITS,
  type ReadLimits,
  type SourceEvent,
} from '../../../engine/epcis/model.ts';

export const CONTEXT = [
  'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld',
  { acme: 'https://ns.acme.example/epcis/' },
];

export const COMMISSIONING = {
  type: 'ObjectEvent',
  eventTime: '2026-03-01T10:00:00Z',
  eventTimeZoneOffset: '+00:00',
  action: 'ADD',
  bizStep: 'commissioning',
  epcList: ['urn:epc:id:sgtin:9999999.012345.1', 'urn:epc:id:sgtin:9999999.012345.2'],
  readPoint: { id: 'urn:epc:id:sgln:9999999.00001.0', 'acme:gate': '7' },
  ilmd: { 'cbvmda:lotNumber': 'L1', 'cbvmda:itemExpirationDate': '2028-01-31' },
};

export const PACKING = {
  type: 'AggregationEvent',
  eventTime: '2026-03-01T11:00:00Z',
  eventTimeZoneOffset: '+00:00',
  action: 'ADD',
  bizStep: 'packing',
  parentID: 'urn:epc:id:sscc:9999999.0000000001',
  childEPCs: ['urn:epc:id:sgtin:9999999.012345.1'],
};

export function documentOf(events: readonly unknown[], more: object = {}): object {
  return {
    '@context': CONTEXT,
    type: 'EPCISDocument',
    schemaVersion: '2.0',
    creationDate: '2026-03-02T00:00:00Z',
    ...more,
    epcisBody: { eventList: events },
  };
}

export interface Outcome {
  readonly events: SourceEvent[];
  readonly faults: Finding[];
  readonly head: DocumentHead | null;
}

/** Reads bytes, text, or a value that is written as JSON first, in the given pieces. */
export function read(
  input: Uint8Array | string | object,
  options: JsonReaderOptions & { pieces?: readonly number[]; limits?: Partial<ReadLimits> } = {},
): Outcome {
  const bytes =
    input instanceof Uint8Array
      ? input
      : Buffer.from(typeof input === 'string' ? input : JSON.stringify(input));
  const events: SourceEvent[] = [];
  const faults: Finding[] = [];
  const reader = createJsonReader(
    { event: (event) => events.push(event), fault: (fault) => faults.push(fault) },
    { ...READ_LIMITS, ...options.limits },
    options,
  );
  let at = 0;
  for (const size of options.pieces ?? []) {
    reader.write(bytes.subarray(at, at + size));
    at += size;
  }
  reader.write(bytes.subarray(at));
  return { events, faults, head: reader.end() };
}
