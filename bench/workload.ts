// The records that every part of the suite works on: one generator, one seed, so that the codec, the engine and each peer
// get the same bytes. Cold-chain readings of telemetry/1, about 148 bytes each: 5,000 sensors in four orders of members, one
// in ten with white space, one in 200 refused, for reasons that fleets really have.

import { writeFileSync } from 'node:fs';

export interface WorkloadOptions {
  /** How many different records; what sends more goes round. */
  readonly count?: number;
  readonly seed?: number;
  /** Of 10,000 records, how many are refused. */
  readonly invalidPer10k?: number;
  /** 'sensor' = one of four orders by sensor, 'fixed' = one for all, 'random' = any. */
  readonly order?: 'sensor' | 'fixed' | 'random';
}

export interface Workload {
  /** JSON texts without a line feed. */
  readonly records: readonly string[];
  /** How many of them telemetry/1 refuses. */
  readonly invalid: number;
  /** Bytes of all records together. */
  readonly bytes: number;
}

/** Large enough that no compressor's window holds it all, small enough for a processor's cache not to decide. */
export const WORKLOAD_RECORDS = 65_536;

const SENSORS = 5000;
const STATES = ['within_spec', 'within_spec', 'within_spec', 'within_spec', 'unknown', 'excursion'];
const FAULTS: readonly (readonly [member: number, text: string])[] = [
  [0, '"sensor_id":"CC"'],
  [1, '"timestamp_utc":"2026-13-41T99:00:00Z"'],
  [2, '"temperature_c":"cold"'],
  [3, '"zone":"FRZ-A1"'],
  [4, '"compliance_state":"maybe"'],
];
const ORDERS = [
  [0, 1, 2, 3, 4],
  [1, 0, 3, 2, 4],
  [4, 3, 2, 1, 0],
  [0, 3, 1, 2, 4],
] as const;

/** Marsaglia's xorshift32: `random(n)` is 0 to n - 1. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function shuffled(random: (below: number) => number): number[] {
  const order = [0, 1, 2, 3, 4];
  for (let last = 4; last > 0; last--) {
    const other = random(last + 1);
    const moved = order[last] as number;
    order[last] = order[other] as number;
    order[other] = moved;
  }
  return order;
}

/** Makes the records of a workload; the same options give the same bytes. */
export function makeWorkload(options: WorkloadOptions = {}): Workload {
  const { count = WORKLOAD_RECORDS, seed = 20_261_121, invalidPer10k = 50, order = 'sensor' } = options;
  const random = generator(seed);
  const two = (value: number): string => String(value).padStart(2, '0');
  const records: string[] = [];
  let invalid = 0;
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const sensor = random(SENSORS);
    const space = random(10) === 0 ? ' ' : '';
    // A fleet's clock goes on, with some jitter; the day does not change.
    const second = Math.floor((i / count) * 86_000) + random(300);
    const time = `${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`;
    const degrees = (-2500 + (sensor % 40) * 100 + random(300)) / 100;
    const members = [
      `"sensor_id":${space}"CC-SENSOR-${String(sensor).padStart(4, '0')}"`,
      `"timestamp_utc":${space}"2026-11-20T${time}.${String(random(1000)).padStart(3, '0')}Z"`,
      `"temperature_c":${space}${degrees.toFixed(1 + (random(4) === 0 ? 1 : 0))}`,
      `"zone_id":${space}"FRZ-${'ABCDEF'[sensor % 6]}${1 + (sensor % 8)}"`,
      `"compliance_state":${space}"${STATES[random(STATES.length)]}"`,
    ];
    if (random(10_000) < invalidPer10k) {
      const [member, text] = FAULTS[random(FAULTS.length)] as (typeof FAULTS)[number];
      members[member] = text;
      invalid += 1;
    }
    const places =
      order === 'random'
        ? shuffled(random)
        : (ORDERS[order === 'fixed' ? 0 : sensor % 4] as readonly number[]);
    const record = `{${places.map((member) => members[member]).join(`,${space}`)}}`;
    records.push(record);
    bytes += record.length;
  }
  return { records, invalid, bytes };
}

/** Writes the records as lines, for programs that are not JavaScript. */
export function writeWorkload(path: string, workload: Workload): void {
  writeFileSync(path, `${workload.records.join('\n')}\n`);
}
