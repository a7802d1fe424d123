// Is a record of telemetry/1? Once from its bytes to the verdict, once from a parsed value, where libraries begin. All
// verdicts are equal before anything is timed; only ours has a code and a position for a refusal.

import { compileStream } from '../../engine/schema/compile.ts';
import { Row } from '../../workers/row.ts';
import { Validator } from '../../workers/validate.ts';
import { readingSchema } from './idiomatic.ts';
import { loadPeer } from './peers.ts';
import { isPlainReading, isTimestamp, type Reading } from './plain-javascript.ts';
import { STREAM } from './slabs.ts';
import { type Arm, type Comparison, mustAgree, type Subject } from './subject.ts';
import { makeTexts, type Texts } from './texts.ts';

type Judge = (value: unknown) => boolean;

/** What this bench knows of ajv. */
interface Ajv {
  addFormat(name: string, format: (text: string) => boolean): void;
  compile(schema: object): Judge;
}
type AjvClass = new (options: object) => Ajv;

/** telemetry/1 as JSON Schema; the calendar is left to a format. */
const JSON_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['sensor_id', 'timestamp_utc', 'temperature_c', 'zone_id'],
  properties: {
    sensor_id: { type: 'string', minLength: 4, maxLength: 64, pattern: '^[^\\u0000-\\u001f\\u007f]*$' },
    timestamp_utc: { type: 'string', format: 'utc' },
    temperature_c: { type: 'number', minimum: -100, maximum: 100 },
    zone_id: { type: 'string', pattern: '^[A-Z0-9-]{1,64}$' },
    compliance_state: { enum: ['within_spec', 'excursion', 'unknown', null] },
    raw_payload_hash: { type: ['string', 'null'], pattern: '^[0-9a-f]{64}$' },
  },
};

/** The judges that take a parsed value, by name. */
function judges(missing: string[]): [name: string, judge: Judge][] {
  const found: [string, Judge][] = [
    ['by hand', (value) => isPlainReading(value as Reading)],
    ['zod', (value) => readingSchema.safeParse(value).success],
  ];
  const peer = loadPeer<AjvClass | { default: AjvClass }>('ajv');
  if (peer.module === null) {
    missing.push(peer.reason);
    return found;
  }
  const Ajv = 'default' in peer.module ? peer.module.default : peer.module;
  const ajv = new Ajv({ allErrors: false, allowUnionTypes: true });
  ajv.addFormat('utc', isTimestamp);
  const judge = ajv.compile(JSON_SCHEMA);
  found.push([`ajv ${peer.version}`, (value) => judge(value)]);
  return found;
}

export const validate: Subject = {
  name: 'validate',
  prepare(records) {
    const texts = makeTexts(records);
    const missing: string[] = [];
    const known = judges(missing);
    return { comparisons: [fromBytes(texts, known), fromValues(texts, known)], missing };
  },
};

function fromBytes({ bytes, bounds, texts, invalid }: Texts, known: readonly [string, Judge][]): Comparison {
  const stream = compileStream(STREAM);
  const validator = new Validator();
  const row = new Row();
  const verdict = (i: number): boolean =>
    validator.validate(stream, bytes, bounds[2 * i] as number, bounds[2 * i + 1] as number, true, row) === 0;
  const parsed = (i: number): unknown =>
    JSON.parse(bytes.toString('latin1', bounds[2 * i], bounds[2 * i + 1]));
  const ways: [string, Arm['kind'], (i: number) => boolean][] = [
    ['ours, portable', 'ours', verdict],
    ...known.map(([name, judge]): [string, Arm['kind'], (i: number) => boolean] => [
      `JSON.parse + ${name}`,
      'peer',
      (i) => judge(parsed(i)),
    ]),
  ];
  return {
    key: 'validate-bytes',
    title: 'validate: from the bytes of a record to the verdict',
    ...judgeAll(ways, texts.length, invalid),
    notes: [
      'ours finds members that are there twice and numbers that a double does not hold; the others cannot',
    ],
  };
}

function fromValues({ texts, invalid }: Texts, known: readonly [string, Judge][]): Comparison {
  const values = texts.map((text) => JSON.parse(text) as unknown);
  return {
    key: 'validate-values',
    title: 'validate: a parsed value',
    ...judgeAll(
      known.map(([name, judge]) => [name, 'peer', (i) => judge(values[i])]),
      texts.length,
      invalid,
    ),
    notes: ['there is no such step in firn: it makes no value'],
  };
}

/** Arms that judge all records. @throws Error when two judge differently. */
function judgeAll(
  ways: readonly (readonly [string, Arm['kind'], (i: number) => boolean])[],
  records: number,
  invalid: number,
): Pick<Comparison, 'arms' | 'unit' | 'units' | 'clock'> {
  mustAgree(
    'verdicts',
    ways.map(([name, , judge]) => [name, Uint8Array.from({ length: records }, (_, i) => (judge(i) ? 1 : 0))]),
  );
  const arms = ways.map(
    ([name, kind, judge]): Arm => ({
      name,
      kind,
      run: () => {
        let refused = 0;
        for (let i = 0; i < records; i++) if (!judge(i)) refused += 1;
        if (refused !== invalid) throw new Error(`${name} refuses ${refused} records, not ${invalid}`);
      },
    }),
  );
  return { arms, unit: 'record', units: records, clock: 'cpu' };
}
