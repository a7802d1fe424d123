// One simulated cold-chain sensor: a temperature that walks around 5 °C in a 2–8 °C zone, and honest trouble: readings
// out of the zone, readings of earlier days, readings that no schema accepts. A pair (sensor_id, timestamp_utc) never
// comes twice from a sensor, so that each record can be found again in the lake.

import { type Random, randomOf } from './random.ts';

/** Probabilities, 0–1, per record. */
export interface Trouble {
  readonly malformed: number;
  readonly late: number;
  readonly excursions: number;
}

/** A frame to send, and what must come of it. */
export interface SensorFrame {
  readonly body: string;
  readonly records: number;
  /** How many of its records an engine has to refuse. */
  readonly refused: number;
  /** `timestamp_utc` of each record in order; null where the record is one that has to be refused. */
  readonly times: readonly (string | null)[];
}

export const ZONES: readonly string[] = [
  'COLD-A1',
  'COLD-A2',
  'COLD-B1',
  'COLD-B2',
  'DOCK-1',
  'DOCK-2',
  'VAN-7',
  'VAN-9',
];
/** Limits of every zone, °C. */
export const ZONE_MIN_C = 2;
export const ZONE_MAX_C = 8;

const SETPOINT_C = 5;
const DAY_MS = 86_400_000;
/** Part of the arrays with a spoilt reading that are cut off in the middle instead. */
const CUT_ARRAYS = 0.3;
const LATE_DAYS = 7;

/** Each spoils one good record so that exactly this record is refused. */
const spoilt: readonly ((line: string, reading: Record<string, unknown>) => string)[] = [
  (_line, reading) => JSON.stringify({ ...reading, temperature_c: 'cold' }),
  (_line, reading) => JSON.stringify({ ...reading, temperature_c: 451 }),
  (_line, reading) =>
    JSON.stringify({ ...reading, timestamp_utc: String(reading['timestamp_utc']).replace('Z', '+02:00') }),
  (_line, reading) => JSON.stringify({ ...reading, firmware: '1.2' }),
  (_line, { zone_id: _zone, ...rest }) => JSON.stringify(rest),
  (line) => line.replace('{', '{"sensor_id":"twice-0001",'),
];
/** These break the JSON itself: alone on its line that spoils one record, in an array it would spoil the frame. */
const broken: readonly ((line: string) => string)[] = [
  (line) => line.slice(0, -9),
  (line) => line.replace(/"temperature_c":[^,}]+/, '"temperature_c":NaN'),
];

/** An array that breaks off: nobody can tell its records apart, so it counts as one refused record. */
function cutFrame(lines: readonly string[]): SensorFrame {
  return { body: `[${lines.join(',')}`.slice(0, -7), records: 1, refused: 1, times: [null] };
}

export class Sensor {
  readonly id: string;
  readonly #random: Random;
  readonly #trouble: Trouble;
  readonly #zone: string;
  readonly #array: boolean;
  readonly #reportsState: boolean;
  #temperatureC: number;
  #lastMs = 0;

  constructor(id: string, index: number, seed: number, trouble: Trouble) {
    this.id = id;
    this.#random = randomOf(seed, index);
    this.#trouble = trouble;
    this.#zone = ZONES[index % ZONES.length] as string;
    // Some firmware sends arrays, some lines; some judges its own readings, some does not.
    this.#array = index % 4 === 1;
    this.#reportsState = index % 3 !== 0;
    this.#temperatureC = SETPOINT_C + this.#random() - 0.5;
  }

  /** A number from this sensor's own lane, for decisions that belong to it. */
  chance(probability: number): boolean {
    return probability > 0 && this.#random() < probability;
  }

  /** The readings up to `nowMs`, `everyMs` apart, as one frame. */
  frame(records: number, nowMs: number, everyMs: number): SensorFrame {
    const lines: string[] = [];
    const times: (string | null)[] = [];
    let refused = 0;
    for (let i = records - 1; i >= 0; i -= 1) {
      const reading = this.#reading(nowMs - i * everyMs);
      const line = JSON.stringify(reading);
      const bad = this.chance(this.#trouble.malformed);
      lines.push(bad ? this.#spoil(line, reading) : line);
      times.push(bad ? null : (reading['timestamp_utc'] as string));
      if (bad) refused += 1;
    }
    if (this.#array && refused > 0 && this.chance(CUT_ARRAYS)) return cutFrame(lines);
    return { body: this.#array ? `[${lines.join(',')}]` : lines.join('\n'), records, refused, times };
  }

  #reading(wantedMs: number): Record<string, unknown> {
    this.#lastMs = Math.max(Math.floor(wantedMs), this.#lastMs + 1);
    const days = this.chance(this.#trouble.late) ? 1 + Math.floor(this.#random() * LATE_DAYS) : 0;
    const reading: Record<string, unknown> = {
      sensor_id: this.id,
      timestamp_utc: new Date(this.#lastMs - days * DAY_MS).toISOString(),
      temperature_c: this.#temperature(),
      zone_id: this.#zone,
    };
    if (this.#reportsState) {
      const celsius = reading['temperature_c'] as number;
      reading['compliance_state'] =
        celsius < ZONE_MIN_C || celsius > ZONE_MAX_C ? 'excursion' : 'within_spec';
    }
    return reading;
  }

  #temperature(): number {
    const pull = (SETPOINT_C - this.#temperatureC) * 0.05;
    const walked = this.#temperatureC + pull + (this.#random() - 0.5) * 0.3;
    this.#temperatureC = Math.min(ZONE_MAX_C - 0.5, Math.max(ZONE_MIN_C + 0.5, walked));
    const out = this.chance(this.#trouble.excursions) ? 4 + this.#random() * 6 : 0;
    return Math.round((this.#temperatureC + out) * 100) / 100;
  }

  #spoil(line: string, reading: Record<string, unknown>): string {
    const ways = this.#array ? spoilt.length : spoilt.length + broken.length;
    const way = Math.floor(this.#random() * ways);
    const spoil = spoilt[way];
    if (spoil !== undefined) return spoil(line, reading);
    return (broken[way - spoilt.length] as (line: string) => string)(line);
  }
}
