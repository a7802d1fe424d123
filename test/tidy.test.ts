// Style is a test: import direction per folder, size and first words of files, and what must never be in the tree.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
});
const files = tracked.split('\n').filter((name) => name !== '');
const text = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const sources = files.filter((name) => /^(engine|workers)\/.*\.ts$/.test(name));

/** What each folder may import besides itself and the vocabulary (`engine/*.ts`): ARCHITECTURE.md, Imports. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'engine/schema': ['workers'],
  'engine/ring': [],
  'engine/journal': ['engine/schema', 'engine/epcis'],
  'engine/batch': ['engine/journal', 'workers'],
  'engine/s3': [],
  'engine/sink': ['engine/s3'],
  'engine/frontend': ['engine/ring', 'engine/journal', 'engine/schema'],
  'engine/commit': ['engine/ring', 'engine/journal'],
  'engine/seal': ['engine/ring', 'engine/journal', 'engine/batch', 'engine/sink', 'engine/schema', 'workers'],
  'engine/verify': ['engine/s3', 'engine/batch', 'engine/seal', 'workers'],
  'engine/inspect': [
    'engine/s3',
    'engine/verify',
    'engine/batch',
    'engine/seal',
    'engine/journal',
    'workers',
  ],
  'engine/dead-letter': ['engine/verify', 'engine/batch', 'engine/seal', 'engine/schema', 'workers'],
  'engine/capture': [
    'engine/journal',
    'engine/ring',
    'engine/epcis',
    'engine/epcis/identifiers',
    'engine/ledger',
    'engine/frontend',
    'engine/sink',
    'engine/batch',
    'engine/seal',
    'engine/dead-letter',
    'workers',
  ],
  'engine/capture/http': ['engine/capture', 'engine/frontend', 'engine/epcis', 'engine/ledger'],
  'engine/epcis': [
    'engine/epcis/identifiers',
    'engine/epcis/json',
    'engine/epcis/xml',
    'engine/epcis/hash',
    'engine/epcis/rules',
    'engine/epcis/state',
    'workers',
  ],
  'engine/epcis/identifiers': ['engine/epcis'],
  'engine/epcis/xml': ['engine/epcis'],
  'engine/client': [],
  'engine/fleet': ['engine/client'],
  'engine/epcis/state': ['engine/epcis'],
  'engine/ledger': ['engine/epcis', 'engine/epcis/state'],
};

/** Of the stages' folders, the files that are formats: verify and inspect may read those and nothing else. */
const FORMATS = /^engine\/seal\/(note|checkpoint|tiles|policy|key|log-file|cut|snapshot)\.ts$/;

function importsOf(name: string): string[] {
  const found = text(name).matchAll(/from '(\.[^']+)'/g);
  return [...found].map((match) => normalize(join(dirname(name), match[1] as string)));
}

describe('tidy', () => {
  test('tidy: imports keep their direction', () => {
    const faults: string[] = [];
    for (const name of sources) {
      const folder = dirname(name);
      const allowed = MAY_IMPORT[folder];
      if (allowed === undefined) continue;
      for (const target of importsOf(name)) {
        const to = dirname(target);
        if (to === folder || to === 'engine' || allowed.includes(to)) continue;
        faults.push(`${name} imports ${target}`);
      }
    }
    expect(faults).toEqual([]);
  });

  test('tidy: nothing but the entry imports the wiring, and verify reads formats only', () => {
    const wiring = ['engine/engine.ts', 'engine/running.ts', 'engine/boot.ts', 'engine/pool.ts'];
    const faults = sources
      .filter((name) => !wiring.includes(name) && !name.startsWith('engine/cli/'))
      .flatMap((name) =>
        importsOf(name)
          .filter((target) => target === 'engine/engine.ts')
          .map(() => name),
      );
    for (const name of sources.filter((each) => /^engine\/(verify|inspect|dead-letter)\//.test(each))) {
      for (const target of importsOf(name)) {
        if (target.startsWith('engine/seal/') && !FORMATS.test(target))
          faults.push(`${name} imports ${target}`);
      }
    }
    expect(faults).toEqual([]);
  });

  test('tidy: a file is one idea: it opens with what it is, and is not long', () => {
    const long = sources.filter((name) => text(name).split('\n').length > 300);
    const silent = sources.filter((name) => !/^(#!.*\n)?\/\/ /.test(text(name)));
    expect({ long, silent }).toEqual({ long: [], silent: [] });
  });

  test('tidy: no word of what does not belong into the tree', () => {
    const forbidden = [
      /\b(TODO|FIXME|XXX)\b/,
      /"resolved": "http/,
      /\bnpx firn\b/,
      /\/(work|root|home)\/[a-z]/,
      /@ts-(ignore|nocheck)|\.only\(/,
    ];
    const own = 'test/tidy.test.ts';
    const readable = files.filter(
      (name) => name !== own && /\.(ts|mjs|json|md|py|cjs|js)$|^\.ci\//.test(name),
    );
    const faults = readable.flatMap((name) =>
      forbidden.filter((pattern) => pattern.test(text(name))).map((pattern) => `${name}: ${pattern}`),
    );
    expect(faults).toEqual([]);
  });

  test('tidy: no folder of the names that say nothing', () => {
    expect(
      files.filter((name) => /(^|\/)(utils?|common|helpers?|managers?|services?)(\/|\.ts$)/.test(name)),
    ).toEqual([]);
  });
});
