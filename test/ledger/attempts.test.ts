// How errors of a database are weighed, how often a call is tried, and when it is not.

import { describe, expect, test } from 'vitest';
import { arrayLiteral } from '../../engine/ledger/array-literal.ts';
import { Attempts, LedgerOutage } from '../../engine/ledger/attempts.ts';
import { databaseError } from '../../engine/ledger/trouble.ts';

const failing = (code: string | undefined, message = 'failed'): Error =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

describe('trouble', () => {
  test.each([
    ['08006', 'outage'],
    ['57P01', 'outage'],
    ['57P03', 'outage'],
    ['53300', 'outage'],
    ['53100', 'outage'],
    ['57014', 'outage'],
    ['25006', 'outage'],
    ['ECONNREFUSED', 'outage'],
    ['ECONNRESET', 'outage'],
    ['40001', 'again'],
    ['40P01', 'again'],
    ['55P03', 'again'],
    ['28P01', 'refused'],
    ['3D000', 'refused'],
    ['42501', 'refused'],
    ['23505', 'fault'],
    ['42P01', 'fault'],
    ['22P02', 'fault'],
    ['23001', 'fault'],
  ])('%s is %s', (code, trouble) => {
    expect(databaseError(failing(code))).toMatchObject({ trouble, code });
  });

  test('errors without a code: a lost connection by its words, several addresses by the first, else a fault', () => {
    expect(databaseError(failing(undefined, 'Connection terminated unexpectedly')).trouble).toBe('outage');
    expect(databaseError(new AggregateError([failing('ECONNREFUSED')])).trouble).toBe('outage');
    expect(databaseError(new TypeError('no such thing')).trouble).toBe('fault');
    const once = databaseError(failing('40P01'));
    expect(databaseError(once)).toBe(once);
  });
});

describe('attempts', () => {
  const limits = { tries: 3, baseMs: 1, capMs: 1, openMs: 1_000 };

  test('an outage is tried again, then opens the breaker; past its time one try goes through', async () => {
    let now = 1_000;
    let calls = 0;
    let broken = true;
    const attempts = new Attempts(limits, () => now);
    const call = () => {
      calls += 1;
      return broken
        ? Promise.reject(databaseError(failing('57P01', 'going down')))
        : Promise.resolve('there');
    };
    await expect(attempts.run(call)).rejects.toThrow(LedgerOutage);
    expect([calls, attempts.outage]).toEqual([3, 'going down']);
    await expect(attempts.run(call)).rejects.toThrow('going down');
    expect(calls).toBe(3);
    now += 1_000;
    await expect(attempts.run(call)).rejects.toThrow(LedgerOutage);
    expect(calls).toBe(4);
    now += 1_000;
    broken = false;
    await expect(attempts.run(call)).resolves.toBe('there');
    expect(attempts.outage).toBeNull();
  });

  test('a fault and what the operator must change are not tried again', async () => {
    const attempts = new Attempts(limits, () => 0);
    for (const error of [
      databaseError(failing('23505')),
      databaseError(failing('28P01')),
      new Error('bug'),
    ]) {
      let calls = 0;
      const call = () => {
        calls += 1;
        return Promise.reject(error);
      };
      await expect(attempts.run(call)).rejects.toBe(error);
      expect(calls).toBe(1);
    }
    expect(attempts.outage).toBeNull();
  });
});

test('array literal: quotes, backslashes, NULL the word and NULL the value', () => {
  expect(arrayLiteral(['a', 'b"c', 'd\\e', 'NULL', '', '{,}'])).toBe(
    '{"a","b\\"c","d\\\\e","NULL","","{,}"}',
  );
  expect(arrayLiteral([1, null, true])).toBe('{1,NULL,true}');
  expect(arrayLiteral([])).toBe('{}');
});
