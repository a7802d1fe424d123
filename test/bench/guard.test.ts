// The guard: a ratio below its floor is named, and nothing else is.

import { expect, test } from 'vitest';
import { floorsOf, judge } from '../../bench/guard/judge.ts';

test('guard: each floor is judged by this run, and one that could not be taken is said to be so', () => {
  const floors = {
    fast: { floor: 6, measured: 10 },
    slow: { floor: 3, measured: 5 },
    gone: { floor: 1, measured: 2 },
  };
  const judged = judge({ fast: 6, slow: 2.99, unknown: 1 }, floors);
  expect(judged.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['fast', 'ok'],
    ['slow', 'below its floor'],
    ['gone', 'not measured'],
  ]);
});

test('guard: floors are 60 % of what was measured', () => {
  expect(floorsOf({ ratio: 10.456 })).toEqual({ ratio: { floor: 6.27, measured: 10.46 } });
});
