// native/layout.h and its twins in TypeScript, constant by constant. A constant without a twin, a twin without a constant
// and a value that is another one on the other side each fail by name.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CODEC_CODES, NO_FIELD } from '../../engine/codes.ts';
import {
  ACCEPTED,
  CONTROL_ENTRY,
  ENTRY,
  ENTRY_FLAG,
  ENTRY_KIND,
  FRAME_ENTRY,
  REFUSED,
} from '../../engine/journal/entry.ts';
import { MAX_DEPTH, MAX_REJECTS_TOLD } from '../../engine/limits.ts';
import { FRAME, FRAME_FLAG, FRAME_HEADER_BYTES, FRAME_KIND, FRAME_MODE } from '../../engine/ring/frame.ts';
import { REJECT_BYTES } from '../../engine/ring/layout.ts';

const source = readFileSync(new URL('../../native/layout.h', import.meta.url), 'utf8');
const code = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');

/** `namespace::name` (or `name`) and value of every `constexpr` in the header. */
function constants(): Record<string, number> {
  const found: Record<string, number> = {};
  let space = '';
  for (const [statement] of code.matchAll(/namespace \w+ \{|\}|constexpr [^;]*;/g)) {
    if (statement.startsWith('namespace')) {
      const name = statement.split(' ')[1] as string;
      space = name === 'firn' ? '' : `${name}::`;
    } else if (statement === '}') {
      space = '';
    } else {
      for (const [, name, value] of statement.matchAll(/(\w+) = ([^,;]+)/g))
        found[space + name] = Number(value);
    }
  }
  return found;
}

/** The names of `enum Code` in order; their numbers count up from that of the first. */
function codes(): string[] {
  const body = /enum Code : uint16_t \{([^}]*)\}/.exec(code)?.[1] as string;
  const names = body.split(',').map((name) => name.trim());
  expect(names[0]).toBe('ok = 0');
  expect(names.slice(1).join('')).not.toContain('=');
  return names.filter((name) => name !== '');
}

const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** The constants of one object under the names that they have in the header. */
function named(words: Readonly<Record<string, number>>, prefix: string): Record<string, number> {
  const entries = Object.entries(words);
  return Object.fromEntries(
    entries.map(([name, value]) => [prefix + (/::$/.test(prefix) ? name : capitalised(name)), value]),
  );
}

/** What TypeScript has and the codec does not need: said here, so that nothing is left out unseen. */
const ONLY_TYPESCRIPT: readonly string[] = [
  // The frontend's own row.
  'frame::slot',
  // No codec is shown such a frame.
  'frame::modeUnknown',
  // Control frames: the codec writes whatever kind it is given.
  ...['source', 'audit', 'duplicate', 'forget', 'key', 'capture', 'verdict', 'captured'].flatMap((kind) => [
    `frame::kind${capitalised(kind)}`,
    `entry::kind${capitalised(kind)}`,
  ]),
  // Written together with the kind, as the second byte of one word.
  'entry::flags',
];

/** Of a limit that its file keeps to itself. */
function inSource(file: string, name: string): number {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  return Number(new RegExp(`const ${name} = ([^;]*);`).exec(text)?.[1]);
}

const twins: Record<string, number> = {
  'frame::headerBytes': FRAME_HEADER_BYTES,
  ...named(FRAME, 'frame::'),
  ...named(FRAME_KIND, 'frame::kind'),
  ...named(FRAME_MODE, 'frame::mode'),
  ...named(FRAME_FLAG, 'frame::flag'),
  ...named(ENTRY, 'entry::'),
  ...named(ENTRY_KIND, 'entry::kind'),
  ...named(ENTRY_FLAG, 'entry::flag'),
  ...named(FRAME_ENTRY, 'entry::frame'),
  ...named(ACCEPTED, 'entry::accepted'),
  ...named(REFUSED, 'entry::refused'),
  ...named(CONTROL_ENTRY, 'entry::control'),
  rejectBytes: REJECT_BYTES,
  maxRejectsTold: MAX_REJECTS_TOLD,
  maxDepth: MAX_DEPTH,
  maxFields: inSource('engine/schema/check.ts', 'MAX_FIELDS'),
  noField: NO_FIELD,
};

describe('native layout', () => {
  test('native layout: every constant of layout.h is that of its twin, and each has one', () => {
    const native = constants();
    expect(Object.keys(native).length).toBeGreaterThan(50);
    for (const name of ONLY_TYPESCRIPT) expect(twins, `${name} is still there`).toHaveProperty([name]);
    const needed = Object.entries(twins).filter(([name]) => !ONLY_TYPESCRIPT.includes(name));
    expect(native).toEqual(Object.fromEntries(needed));
  });

  test('native layout: codes of the codec have the same names in the same order', () => {
    const camel = (name: string): string =>
      name.replace(/[.-](\w)/g, (_, letter: string) => letter.toUpperCase());
    expect(codes()).toEqual(['ok = 0', ...CODEC_CODES.slice(1).map(camel)]);
  });

  test('native layout: frames and entries are padded as in TypeScript', () => {
    expect(code).toMatch(/padded\(size_t bytes\) \{ return \(bytes \+ 7\) & ~static_cast<size_t>\(7\); \}/);
  });
});
