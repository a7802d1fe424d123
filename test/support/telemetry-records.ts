// Telemetry records as a fleet sends them: a few orders of members, some with white space, a few that are bad. The same
// seed gives the same records.

const STATES = ['within_spec', 'within_spec', 'within_spec', 'within_spec', 'unknown', 'excursion'];
const BAD: readonly (readonly [member: number, text: string])[] = [
  [2, '"temperature_c":"cold"'],
  [1, '"timestamp_utc":"2026-13-41T99:00:00Z"'],
  [4, '"compliance_state":"maybe"'],
  [3, '"zone":"FRZ-A1"'],
  [0, '"sensor_id":"CC SENSOR \\u00e9"'],
  [2, '"temperature_c":1e1'],
  [2, '"temperature_c":-0.0'],
  [3, '"zone_id":"FRZ\\u002dA1"'],
];
const ORDERS = [
  [0, 1, 2, 3, 4],
  [1, 0, 3, 2, 4],
  [4, 3, 2, 1, 0],
  [0, 3, 1, 2, 4],
];

export interface RecordMaker {
  /** The next record. */
  record(): string;
  /** A number from 0 to below `below`. */
  random(below: number): number;
}

/** `odd` = how many of 1,000 records are refused or take an unusual way. */
export function recordMaker(seed: number, odd: number = 20): RecordMaker {
  let state = seed >>> 0 || 1;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const two = (n: number): string => String(n).padStart(2, '0');
  const record = (): string => {
    const sensor = random(5000);
    const space = random(10) === 0 ? ' ' : '';
    const degrees = (-2500 + (sensor % 40) * 100 + random(300)) / 100;
    const time = `2026-11-21T${two(random(24))}:${two(random(60))}:${two(random(60))}.${random(1000)}Z`;
    const members = [
      `"sensor_id":${space}"CC-SENSOR-${String(sensor).padStart(4, '0')}"`,
      `"timestamp_utc":${space}"${time}"`,
      `"temperature_c":${space}${degrees.toFixed(1 + random(2))}`,
      `"zone_id":${space}"FRZ-${'ABCDEF'[sensor % 6]}${1 + (sensor % 8)}"`,
      `"compliance_state":${space}"${STATES[random(STATES.length)]}"`,
    ];
    if (random(1000) < odd) {
      const [member, text] = BAD[random(BAD.length)] as (typeof BAD)[number];
      members[member] = text;
    }
    const order = ORDERS[sensor % ORDERS.length] as readonly number[];
    return `{${order.map((member) => members[member]).join(`,${space}`)}}`;
  };
  return { record, random };
}
