// The canonical text of a value (RFC 8785): for control entries, seals and the log firn has one function; records never
// become values, their lines are put together from the bytes that came in.

import { canonicalise as jcs } from '../../workers/canonicalise.ts';
import { sortedJson } from './idiomatic.ts';
import { type Arm, mustAgree, type Subject } from './subject.ts';
import { makeTexts } from './texts.ts';

interface Line {
  readonly compliance_state: string;
  readonly sensor_id: string;
  readonly temperature_c: number;
  readonly timestamp_utc: string;
  readonly zone_id: string;
}

/** The members of a reading in order, known beforehand. */
function literal(line: Line): string {
  return `{"compliance_state":"${line.compliance_state}","sensor_id":${JSON.stringify(line.sensor_id)},"temperature_c":${line.temperature_c},"timestamp_utc":"${line.timestamp_utc}","zone_id":"${line.zone_id}"}`;
}

export const canonicalise: Subject = {
  name: 'canonicalise',
  prepare(records) {
    const values = makeTexts(records, 0).texts.map((text) => JSON.parse(text) as Line);
    const ways: [string, Arm['kind'], (value: Line) => string][] = [
      ['canonicalise() for any value', 'ours', jcs],
      ['JSON.stringify with sorted keys', 'peer', sortedJson],
      ['template literal for this one schema', 'bound', literal],
    ];
    mustAgree(
      'canonical texts',
      ways.map(([name, , write]) => [name, Buffer.from(values.map(write).join('\n'))]),
    );
    const arms = ways.map(
      ([name, kind, write]): Arm => ({
        name,
        kind,
        run: () => {
          let characters = 0;
          for (const value of values) characters += write(value).length;
          return characters;
        },
      }),
    );
    const notes = ['record lines take another way, from bytes to bytes: see codec'];
    const title = 'canonicalise: one value to its text';
    return {
      comparisons: [
        { key: 'canonicalise', title, unit: 'record', units: records, clock: 'cpu', arms, notes },
      ],
    };
  },
};
