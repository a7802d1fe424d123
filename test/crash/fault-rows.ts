// Which faults there are: from the trace of a run without one, each call of each kind at each place, in each way. A table
// of thousands of rows; a sample takes as many as asked for, spread over all kinds, places and ways first.

import type { Random } from './random.ts';
import type { ShimFault, TracedCall } from './shim.ts';

/** A first start in an empty folder, or one after a kill. */
export const SCENARIOS = ['first start', 'recovery'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface Row extends ShimFault {
  readonly scenario: Scenario;
}

/** Patterns that no path matches two of. */
export const PLACES: readonly string[] = [
  ...[
    '*/data',
    '*/data/journal',
    '*/data/state',
    '*/data/keys*',
    '*/data/spool*',
    '*/journal/records*',
    '*/journal/seals*',
  ],
  ...[
    '*/state/outbox*',
    '*/state/quarantine*',
    '*/state/log*',
    '*/state/snapshot*',
    '*/state/*.json*',
    '*/state/lock*',
  ],
  ...['*/lake', '*/lake/_tmp*', '*/lake/_log*', '*/lake/_schema*'],
  ...['*/lake/coldchain*', '*/lake/dead-letter*', '*/lake/audit*'],
];

const PATTERNS = PLACES.map((place) => {
  const source = place.replaceAll('.', '\\.').replaceAll('*', '.*');
  return { place, pattern: new RegExp(`^${source}$`) };
});

/** @throws for a path that is at no place, or at two: the list above is then out of date. */
export function placeOf(path: string): string {
  const places = PATTERNS.filter(({ pattern }) => pattern.test(path)).map(({ place }) => place);
  const [place] = places;
  if (place === undefined || places.length > 1)
    throw new Error(`${path} is at ${places.length === 0 ? 'no place' : places.join(' and ')}`);
  return place;
}

/** Whether the place belongs to the lake, whose faults are outages. */
export function isLake(place: string): boolean {
  return place.startsWith('*/lake');
}

const WAYS: Readonly<Record<string, readonly string[]>> = {
  create: ['enospc'],
  write: ['enospc', 'short', 'torn'],
  fsync: ['enospc', 'lost-fail', 'lost-kill'],
  fdatasync: ['enospc', 'lost-fail', 'lost-kill'],
  mkdir: ['enospc'],
  rename: ['enospc'],
  link: ['enospc'],
};
const ALWAYS = ['fail', 'done-fail', 'kill', 'kill-after'];

/** Every fault of a run with this trace. */
export function rowsOf(scenario: Scenario, calls: readonly TracedCall[]): Row[] {
  const counts = new Map<string, number>();
  return calls.flatMap(({ kind, path }) => {
    const place = placeOf(path);
    const group = `${kind} ${place}`;
    const call = (counts.get(group) ?? 0) + 1;
    counts.set(group, call);
    return [...ALWAYS, ...(WAYS[kind] ?? [])].map((way) => ({ scenario, kind, place, call, way }));
  });
}

/** At most `most` rows: groups of one scenario, kind, place and way take turns, in random order. */
export function sampleRows(rows: readonly Row[], most: number, random: Random): Row[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = `${row.scenario} ${row.kind} ${row.place} ${row.way}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  const turns = shuffled([...groups.values()], random).map((group) => shuffled(group, random));
  const sample: Row[] = [];
  for (let turn = 0; sample.length < Math.min(most, rows.length); turn += 1)
    for (const group of turns)
      if (turn < group.length && sample.length < most) sample.push(group[turn] as Row);
  return sample;
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}
