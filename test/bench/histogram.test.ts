// The load generator's histogram, compared with sorting: within a thousandth, from a nanosecond to two hours.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generatorMissing } from '../support/load.ts';

const PROBE = fileURLToPath(new URL('histogram-probe.cc', import.meta.url));
const SOURCES = fileURLToPath(new URL('../../bench/load', import.meta.url));
const QUANTILES = [0.0001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1];
const LARGEST = 2 ** 43 - 1;

describe.skipIf(generatorMissing !== null)(
  'histogram of the load generator (skipped without a C++ compiler)',
  () => {
    let folder = '';
    let program = '';
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'firn-histogram-'));
      program = join(folder, 'probe');
      const [compiler = 'c++', ...before] = (process.env['CXX'] ?? 'c++').split(' ');
      const flags = ['-std=c++20', '-O1', '-Wall', '-Wextra', '-Wconversion', '-Werror', '-I', SOURCES];
      const { status, stderr } = spawnSync(compiler, [...before, ...flags, PROBE, '-o', program], {
        encoding: 'utf8',
      });
      expect(status, stderr).toBe(0);
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    function probe(values: readonly (readonly [nanos: number, times: number])[]): number[] {
      const input = values.map((pair) => pair.join(' ')).join('\n');
      const { stdout, status } = spawnSync(program, QUANTILES.map(String), { input, encoding: 'utf8' });
      expect(status).toBe(0);
      return stdout.trim().split(/\s+/).map(Number);
    }

    function check(values: readonly (readonly [nanos: number, times: number])[]): void {
      const [count, max, mean, ...quantiles] = probe(values) as [number, number, number, ...number[]];
      const sorted = values
        .flatMap(([nanos, times]) => Array<number>(times).fill(nanos))
        .sort((a, b) => a - b);
      expect(count).toBe(sorted.length);
      expect(max).toBe(sorted.at(-1) ?? 0);
      const sum = sorted.reduce((all, value) => all + value, 0);
      expect(mean).toBeCloseTo(sorted.length === 0 ? 0 : sum / sorted.length, 3);
      QUANTILES.forEach((q, i) => {
        const exact = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? 0;
        expect(quantiles[i], `${q}`).toBeGreaterThanOrEqual(exact);
        expect(quantiles[i], `${q}`).toBeLessThanOrEqual(exact * 1.001);
      });
    }

    test('nothing recorded gives zeros', () => check([]));

    test('at every border of its buckets', () => {
      const values: [number, number][] = [];
      for (let power = 0; power < 43; power++) {
        for (const value of [2 ** power - 1, 2 ** power, 2 ** power + 1]) values.push([value, 1]);
      }
      check(values);
      for (const [value] of values) check([[value, 3]]);
    });

    test('any durations', () => {
      const nanos = fc.tuple(fc.integer({ min: 0, max: 42 }), fc.double({ min: 1, max: 2, noNaN: true }));
      const value = nanos.map(([power, share]) => Math.min(LARGEST, Math.floor(2 ** power * share)));
      const some = fc.array(fc.tuple(value, fc.integer({ min: 1, max: 50 })), {
        minLength: 1,
        maxLength: 60,
      });
      fc.assert(fc.property(some, check), { numRuns: 60 });
    });

    test('a duration of more than two hours is counted, and the longest is told exactly', () => {
      const [count, max, , ...quantiles] = probe([
        [5, 1],
        [1e14, 1],
      ]) as [number, number, ...number[]];
      expect([count, max]).toEqual([2, 1e14]);
      expect(quantiles.at(-1)).toBe(LARGEST);
    });
  },
);
