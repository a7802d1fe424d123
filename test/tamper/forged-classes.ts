// What the holder of the engine's key can do: a log that is right in itself (chain, tiles, signature) and does not tell
// the truth. Caught by what the seals say about each other, by checkpoints kept in the lake, or by one kept elsewhere.

import type { ObjectSeal, Seal, SealAcct } from '../../engine/batch/seal.ts';
import { below, between, draw, oneOf, type Random, type TamperClass, type Verdict } from './class.ts';
import { chained, keptKey, type Loose, publishLog, signedHead } from './forge.ts';
import type { Pristine } from './pristine.ts';
import type { Scratch } from './scratch.ts';

/** Every seal of the lake, to be changed. */
function seals(lake: Pristine): Seal[] {
  return lake.seals.map(({ seal }) => seal);
}

function objectSeal(lake: Pristine, index: number): ObjectSeal {
  return (lake.seals[index] as Pristine['seals'][number]).seal as ObjectSeal;
}

interface Forgery {
  readonly at: string;
  /** Key and index of the seal that must be named. */
  readonly key: string | null;
  readonly index?: number;
  readonly log: readonly (Seal | Loose)[];
  /** Checkpoints that the forger leaves in the lake. */
  readonly kept?: readonly number[];
  tamper?(scratch: Scratch): void;
}

function forged(
  name: string,
  verdicts: readonly Verdict[],
  also: TamperClass['also'],
  make: (lake: Pristine, random: Random) => Forgery | null,
  { lake: lakeName = 'objects', quick = true }: { lake?: TamperClass['lake']; quick?: boolean } = {},
): TamperClass {
  const positions: TamperClass['positions'] = (lake, random, wanted) =>
    draw(wanted, () => {
      const forgery = make(lake, random);
      if (forgery === null) return null;
      const { at, key, index, log, kept = [] } = forgery;
      const tamper = (scratch: Scratch): void => {
        forgery.tamper?.(scratch);
        publishLog(scratch, lake, chained(log), { kept });
      };
      return { at, key, ...(index === undefined ? {} : { index }), tamper };
    });
  return { name, lake: lakeName, verdicts, also: also ?? [], quick, positions };
}

/** One object's seal is a lie, all seals after it are as they were. */
function lie(
  name: string,
  verdicts: readonly Verdict[],
  also: TamperClass['also'],
  make: (
    seal: ObjectSeal,
    random: Random,
    lake: Pristine,
    index: number,
  ) => { at: string; seal: Loose } | null,
  quick: boolean,
): TamperClass {
  return forged(
    name,
    verdicts,
    also,
    (lake, random) => {
      const { index, seal } = oneOf(random, lake.objects);
      const made = make(seal, random, lake, index);
      if (made === null) return null;
      const log = seals(lake).with(index, { ...seal, ...made.seal } as Seal);
      return { at: `${index} ${made.at}`, key: seal.key, index, log };
    },
    { quick },
  );
}

function plus(acct: SealAcct, change: Partial<Record<keyof SealAcct, number>>): SealAcct {
  const sum = (name: keyof SealAcct): string => String(Number(acct[name]) + (change[name] ?? 0));
  return {
    ...{ accepted: sum('accepted'), duplicate: sum('duplicate') },
    ...{ received: sum('received'), rejected: sum('rejected') },
  };
}

const classOf = (seal: ObjectSeal): string => seal.key.slice(0, seal.key.indexOf('/year='));

/** The next batch of the same class: its sequence numbers tell that one is missing before it. */
function follower(lake: Pristine, index: number): Pristine['objects'][number] | undefined {
  const cls = classOf(objectSeal(lake, index));
  return lake.objects.find((object) => object.index > index && classOf(object.seal) === cls);
}

/** Two consecutive seals, the first of them number `index`, are gone. */
function withoutTwo(lake: Pristine, index: number): Seal[] {
  return seals(lake).toSpliced(index, 2);
}

/** As if a batch of records had never been: its object gone, the batches after it renumbered and renamed. */
function erased(lake: Pristine, index: number): { log: Seal[]; tamper(scratch: Scratch): void } {
  const victim = objectSeal(lake, index);
  const moves: [string, string][] = [];
  const log = seals(lake).flatMap((seal, i) => {
    if (i === index) return [];
    if (i < index || seal.kind === 'heartbeat' || classOf(seal) !== classOf(victim)) return [seal];
    const first = String(Number(seal.first_seq) - victim.count);
    const key = seal.key.replace(/_\d+\./, `_${first}.`);
    moves.push([seal.key, key]);
    return [{ ...seal, key, first_seq: first, last_seq: String(Number(seal.last_seq) - victim.count) }];
  });
  const tamper = (scratch: Scratch): void => {
    scratch.remove(victim.key);
    const bodies = moves.map(([from, to]) => ({ from, to, body: scratch.read(from) }));
    for (const { from } of bodies) scratch.remove(from);
    for (const { to, body } of bodies) scratch.write(to, body);
  };
  return { log, tamper };
}

/** Numbers of the seals whose batch holds a stop: the last of each life of the engine. */
function stops(lake: Pristine): number[] {
  // The halfway drain and the one at the end are the only sizes kept because of a drain, and end with the audit batch.
  return lake.kept.map((size) => size - 1).filter((index) => lake.seals[index]?.seal.kind === 'audit');
}

/** What `name` of a seal may be instead, still of the right shape. */
const LIES: Readonly<Record<string, (seal: ObjectSeal, random: Random) => unknown>> = {
  ts_min: (seal, random) => `${seal.ts_min.slice(0, 11)}0${below(random, 10)}:00:00Z`,
  ts_max: (seal, random) => `${seal.ts_max.slice(0, 11)}2${below(random, 4)}:00:00Z`,
  excursions: (seal, random) => (seal.excursions + 1 + below(random, 9)) % 10,
  ndjson_sha256: (_seal, random) => hash(random),
  ndjson_bytes: (seal, random) => seal.ndjson_bytes + 1 + below(random, 99),
};

function hash(random: Random): string {
  return Array.from({ length: 64 }, () => below(random, 16).toString(16)).join('');
}

export const FORGED_CLASSES: readonly TamperClass[] = [
  lie(
    'forged: an account that does not add up',
    ['UNBALANCED'],
    ['UNBALANCED'],
    (seal, random) => {
      const counter = oneOf(random, ['accepted', 'duplicate', 'received', 'rejected'] as const);
      const by = between(random, 1, 100);
      return { at: `${counter} ${by}`, seal: { acct: plus(seal.acct, { [counter]: by }) } };
    },
    true,
  ),
  lie(
    'forged: an account that falls',
    ['UNBALANCED'],
    ['UNBALANCED'],
    (seal, random) => {
      const by = between(random, 1, 1 + Number(seal.acct.accepted));
      if (Number(seal.acct.accepted) < 12 || by < 9) return null;
      return { at: String(by), seal: { acct: plus(seal.acct, { accepted: -by, received: -by }) } };
    },
    true,
  ),
  forged(
    'forged: more accepted than is sealed at a stop',
    ['UNBALANCED'],
    ['UNBALANCED'],
    (lake, random) => {
      const stop = oneOf(random, stops(lake));
      const [from, by] = [below(random, stop + 1), between(random, 1, 50)];
      // From one seal on the account runs ahead for good; only at the stop must everything be there.
      const log = seals(lake).map((seal, index) =>
        index < from ? seal : { ...seal, acct: plus(seal.acct, { accepted: by, received: by }) },
      );
      const key = objectSeal(lake, stop).key;
      return { at: `${stop} ${from} ${by}`, key, index: stop, log };
    },
    { quick: false },
  ),
  forged(
    'forged: a batch of records erased, the rest renumbered',
    ['UNBALANCED'],
    ['UNBALANCED'],
    (lake, random) => {
      const [first] = stops(lake) as [number];
      const { index, seal } = oneOf(random, lake.objects);
      if (seal.kind === 'audit') return null;
      const stop = index < first ? first : (stops(lake).at(-1) as number);
      // The stop itself is one place further to the front.
      return {
        at: String(index),
        key: objectSeal(lake, stop).key,
        index: stop - 1,
        ...erased(lake, index),
      };
    },
    { quick: false },
  ),
  forged('forged: a seal and its object taken out', ['GAP'], ['UNBALANCED', 'GAP'], (lake, random) => {
    const { index, seal } = oneOf(random, lake.objects);
    const next = follower(lake, index);
    if (next === undefined) return null;
    const log = seals(lake).toSpliced(index, 1);
    const tamper = (scratch: Scratch): void => scratch.remove(seal.key);
    return { at: String(index), key: next.seal.key, index: next.index - 1, log, tamper };
  }),
  forged(
    'forged: two consecutive seals dropped, their objects left',
    ['UNLOGGED'],
    ['GAP', 'UNBALANCED'],
    (lake, random) => {
      const { index, seal } = oneOf(random, lake.objects);
      return { at: String(index), key: seal.key, log: withoutTwo(lake, index) };
    },
  ),
  forged(
    'forged: two consecutive seals dropped, a checkpoint in the lake remembers',
    ['FORK', 'ROLLBACK'],
    'any',
    (lake, random) => {
      const index = below(random, lake.seals.length - 2);
      const size = oneOf(random, lake.kept);
      const log = withoutTwo(lake, index);
      if (size <= index + 1 || size > log.length) return null;
      return { at: `${index} ${size}`, key: keptKey(lake, size), log, kept: [size] };
    },
    { lake: 'log' },
  ),
  forged(
    'forged: history rewritten from a seal on, against a checkpoint kept elsewhere',
    ['FORK'],
    'any',
    (lake, random) => {
      const index = below(random, lake.seals.length - 1);
      const size = between(random, index + 1, lake.seals.length);
      const log = seals(lake).map((seal, i) =>
        i < index ? seal : { ...seal, clock: { ...seal.clock, offset_ms: -77 } },
      );
      const tamper = (scratch: Scratch): void => {
        const genuine = lake.seals.map(({ bytes }) => bytes);
        scratch.ask({ since: scratch.beside('since', signedHead(genuine, size, lake.origin, lake.key)) });
      };
      return { at: `${index} ${size}`, key: null, log, tamper };
    },
  ),
  forged(
    'forged: the end of the log cut off, a checkpoint in the lake remembers',
    ['ROLLBACK'],
    'any',
    (lake, random) => {
      const size = between(random, 1, lake.seals.length);
      const kept = oneOf(random, lake.kept);
      if (kept <= size) return null;
      const key = `_log/${lake.origin}/checkpoint`;
      return { at: `${size} ${kept}`, key, log: seals(lake).slice(0, size), kept: [kept] };
    },
    { lake: 'log' },
  ),
  lie(
    'forged: sequence numbers that were used before',
    ['GAP'],
    ['GAP', 'MISPLACED', 'MISSING', 'UNLOGGED'],
    (seal, random) => {
      const by = between(random, 1, 1 + Number(seal.first_seq));
      if (by >= Number(seal.first_seq)) return null;
      return { at: `-${by}`, seal: { last_seq: String(Number(seal.last_seq) - by) } };
    },
    true,
  ),
  lie(
    'forged: a count that the sequence numbers deny',
    ['GAP', 'ALTERED'],
    ['GAP', 'UNBALANCED', 'ALTERED'],
    (seal, random) => {
      const by = between(random, 1, 60);
      return { at: `+${by}`, seal: { count: seal.count + by } };
    },
    true,
  ),
  forged('forged: two seals of one class change places', ['GAP'], ['GAP', 'UNBALANCED'], (lake, random) => {
    const { index, seal } = oneOf(random, lake.objects);
    const next = follower(lake, index);
    if (next === undefined) return null;
    const log = seals(lake).with(index, next.seal).with(next.index, seal);
    return { at: String(index), key: next.seal.key, index, log };
  }),
  forged('forged: a clock that runs backwards', ['GAP'], ['GAP'], (lake, random) => {
    const index = between(random, 1, lake.seals.length);
    const seal = lake.seals[index]?.seal as Seal;
    const sealed_utc = `2026-01-0${between(random, 1, 10)}T00:00:00.000Z`;
    const key = seal.kind === 'heartbeat' ? bundleKey(lake) : seal.key;
    return {
      at: `${index} ${sealed_utc}`,
      key,
      index,
      log: seals(lake).with(index, { ...seal, sealed_utc }),
    };
  }),
  {
    name: 'forged: a chain that is broken at one seal',
    lake: 'objects',
    verdicts: ['GAP'],
    also: ['GAP'],
    quick: true,
    positions: (lake, random, wanted) =>
      draw(wanted, () => {
        const { index, seal } = oneOf(random, lake.objects);
        if (index === 0) return null;
        const [before, after] = [seals(lake).slice(0, index), seals(lake).slice(index)];
        const tamper = (scratch: Scratch): void => {
          const head = chained(before);
          // The chain of the rest begins anew, as if another log had been put behind this one.
          publishLog(scratch, lake, [...head, ...chained(after)]);
        };
        return { at: String(index), key: seal.key, index, tamper };
      }),
  },
  lie(
    'forged: a seal of another engine',
    ['MISPLACED'],
    [],
    (_seal, random) => {
      const engine = `other.example/engine-${below(random, 1000)}`;
      return { at: engine, seal: { engine } };
    },
    true,
  ),
  lie(
    'forged: a seal whose root is not that of its key',
    ['MISPLACED'],
    'any',
    (_seal, random) => {
      const root = hash(random);
      return { at: root, seal: { root } };
    },
    true,
  ),
  lie(
    'forged: a schema of another kind',
    ['ALTERED'],
    'any',
    (seal) => {
      const schema = seal.kind === 'records' ? 'no schema' : 'telemetry/1';
      return { at: schema, seal: { schema } };
    },
    true,
  ),
  forged(
    'forged: an object filed under another day',
    ['MISPLACED'],
    'any',
    (lake, random) => {
      const { index, seal } = oneOf(random, lake.objects);
      const key = seal.key.replace(
        /month=\d\d\/day=\d\d/,
        `month=03/day=${String(between(random, 1, 29)).padStart(2, '0')}`,
      );
      const tamper = (scratch: Scratch): void => scratch.move(seal.key, key);
      return { at: key, key, index, log: seals(lake).with(index, { ...seal, key }), tamper };
    },
    { quick: false },
  ),
  ...Object.entries(LIES).map(([member, make]) =>
    lie(
      `forged: a lie about ${member}`,
      ['ALTERED'],
      [],
      (seal, random) => {
        const value = make(seal, random);
        return value === seal[member as keyof ObjectSeal]
          ? null
          : { at: String(value), seal: { [member]: value } };
      },
      false,
    ),
  ),
  forged('forged: an entry that is no seal', ['ALTERED'], 'any', (lake, random) => {
    const index = below(random, lake.seals.length);
    const extra = `x${below(random, 1000)}`;
    const log = seals(lake).with(index, { ...(lake.seals[index]?.seal as Seal), [extra]: 1 } as Seal);
    return { at: `${index} ${extra}`, key: bundleKey(lake), index, log };
  }),
];

function bundleKey(lake: Pristine): string {
  return `_log/${lake.origin}/tile/entries/000.p/${lake.seals.length}`;
}
