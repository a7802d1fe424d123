import { expect, test } from 'vitest';
import { decodeChecked, encodeChecked } from '../engine/checked-json.ts';

const VALUE = { engine: 'test.example/cold', log: 2, names: ['b', 'a'], previous: null };

test('checked json: what was encoded is read back, and a file of before there was a sum too', () => {
  expect(decodeChecked(encodeChecked(VALUE))).toEqual(VALUE);
  expect(decodeChecked(Buffer.from(JSON.stringify(VALUE)))).toEqual(VALUE);
});

test('checked json: no flipped bit of it is read as another value', () => {
  const bytes = encodeChecked(VALUE);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const broken = bytes.slice();
    broken[bit >> 3] = (broken[bit >> 3] as number) ^ (1 << (bit & 7));
    let read: unknown = null;
    try {
      read = decodeChecked(broken);
    } catch {
      continue;
    }
    // Nothing but the name of the sum itself, which is then a member that no reader of such a file knows.
    const { names, engine, log, previous, ...more } = read as typeof VALUE;
    expect([bit, { names, engine, log, previous }]).toEqual([bit, VALUE]);
    expect(Object.keys(more).length).toBeLessThanOrEqual(1);
    expect(Object.keys(more)).not.toContain('sha256');
  }
});

test('checked json: what is no JSON object says so', () => {
  expect(() => decodeChecked(Buffer.from('{"a":1'))).toThrow('it is not JSON');
  expect(() => decodeChecked(Buffer.from('null'))).toThrow('it is not a JSON object');
  expect(() => decodeChecked(Buffer.from('{"a":1,"sha256":"00"}'))).toThrow('its checksum does not fit');
});
