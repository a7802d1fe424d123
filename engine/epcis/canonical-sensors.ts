// Sensor elements in canonical form: `{ext, metadata, reports}`, where metadata (null = none) and each report have `ext`
// and the fields that were sent, by their EPCIS names. Elements and reports are sets, sorted by their JCS texts.

import { canonicalise } from '../../workers/canonicalise.ts';
import { compareBytes } from './byte-order.ts';
import { canonicalExtensions } from './canonical-extensions.ts';
import { bareWord } from './cbv.ts';
import { canonicalDecimal } from './decimal.ts';
import { readIdentifier } from './identifiers/read.ts';
import type { SensorElement, SensorPart } from './model.ts';
import { canonicalTime } from './time.ts';

type Prefixes = ReadonlyMap<string, string>;

const WORDS = { type: 'measurement', exception: 'alert', component: 'component' } as const;
const TIMES: ReadonlySet<string> = new Set(['time', 'startTime', 'endTime']);
const DECIMALS: ReadonlySet<string> = new Set([
  'value',
  'minValue',
  'maxValue',
  'meanValue',
  'sDev',
  'percRank',
  'percValue',
]);
const IDS: ReadonlySet<string> = new Set([
  'deviceID',
  'deviceMetadata',
  'rawData',
  'dataProcessingMethod',
  'bizRules',
  'microorganism',
  'chemicalSubstance',
  'uriValue',
  'coordinateReferenceSystem',
]);

function canonicalField(name: string, text: string, prefixes: Prefixes): string {
  if (name === 'type' || name === 'exception' || name === 'component')
    return bareWord(WORDS[name], text, prefixes);
  if (TIMES.has(name)) return canonicalTime(text) ?? text;
  if (DECIMALS.has(name)) return canonicalDecimal(text) ?? text;
  if (IDS.has(name)) return readIdentifier(text).canonical;
  // xsd:boolean has two spellings of each value, xsd:hexBinary two of each letter.
  if (name === 'booleanValue') return text === '1' ? 'true' : text === '0' ? 'false' : text;
  return name === 'hexBinaryValue' ? text.toUpperCase() : text;
}

function canonicalPart(part: SensorPart, prefixes: Prefixes): Record<string, unknown> {
  const canonical: Record<string, unknown> = { ext: canonicalExtensions(part.ext, '') };
  for (const [name, sent] of Object.entries(part.fields)) {
    const text = sent.trim();
    if (text !== '') canonical[name] = canonicalField(name, text, prefixes);
  }
  return canonical;
}

/** A set of values by their JCS texts. */
function asSet(values: readonly unknown[]): unknown[] {
  const byText = new Map(values.map((value) => [canonicalise(value), value]));
  return [...byText].sort(([a], [b]) => compareBytes(a, b)).map(([, value]) => value);
}

/** @throws TypeError where a text holds a lone surrogate */
export function canonicalSensors(elements: readonly SensorElement[], prefixes: Prefixes): readonly unknown[] {
  return asSet(
    elements.map((element) => ({
      ext: canonicalExtensions(element.ext, ''),
      metadata: element.metadata === null ? null : canonicalPart(element.metadata, prefixes),
      reports: asSet(element.reports.map((report) => canonicalPart(report, prefixes))),
    })),
  );
}
