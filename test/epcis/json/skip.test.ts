// What is passed over is checked as what is parsed: the two agree on whole values, broken ones, and wherever bytes are cut.

import { expect, test } from 'vitest';
import { JsonFault, MORE, Parser } from '../../../engine/epcis/json/parse.ts';
import { Skip } from '../../../engine/epcis/json/skip.ts';

const DEPTH = 8;
const TEXT = 40;

/** The place behind the first value of `bytes`, -1 where it is cut off, null where it is none. */
function parsed(bytes: Buffer): number | null {
  const parser = new Parser(bytes, DEPTH, TEXT);
  try {
    parser.whole(1, 1000);
    return parser.at;
  } catch (error) {
    if (error === MORE) return -1;
    if (error instanceof JsonFault) return null;
    throw error;
  }
}

function skipped(bytes: Buffer, piece: number): number | null {
  const skip = new Skip(1, DEPTH, TEXT);
  try {
    for (let at = 0; at < bytes.length; at += piece) {
      const end = skip.run(bytes.subarray(at, at + piece), 0);
      if (end >= 0) return at + end;
    }
    return -1;
  } catch (error) {
    if (error instanceof JsonFault) return null;
    throw error;
  }
}

const VALUES = [
  '{"a":[1,-0.5e+10,true,false,null,""],"ü😀":{"b":"\\u00e9\\ud83d\\ude00\\n"},"c":[]}',
  '[[],{},[[[]]],"é\\"\\\\",0,-1,1E5,10.25]',
  ' { "x" : [ "a" , { } ] } ',
  '"\\ud83d"',
  '"\\ude00"',
  '"\\ud83dx"',
  '"\\ud83d\\n"',
  '"\\q"',
  '"\\u12g4"',
  '"\u0001"',
  '[1,]',
  '{"a":1,}',
  '{"a" 1}',
  '{1:2}',
  '[01]',
  '[1.]',
  '[-]',
  '[1e]',
  '[+1]',
  '[NaN]',
  '[tru]',
  '[nul l]',
  '[1 2]',
  '{]',
  '[}',
  `${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`,
  `${'['.repeat(DEPTH + 1)}${']'.repeat(DEPTH + 1)}`,
  `"${'x'.repeat(TEXT)}"`,
  `"${'x'.repeat(TEXT + 1)}"`,
  `"${'😀'.repeat(TEXT / 2)}"`,
  `"${'😀'.repeat(TEXT / 2)}x"`,
];

test('json skip: agrees with the parser on each value, whole and in pieces', () => {
  for (const text of VALUES) {
    const bytes = Buffer.from(`${text},`);
    const wanted = parsed(bytes);
    for (const piece of [1, 3, 1000]) expect([text, skipped(bytes, piece)]).toEqual([text, wanted]);
  }
});

test('json skip: agrees with the parser on values with any byte changed', () => {
  let good = 0;
  for (const text of VALUES.slice(0, 3)) {
    const bytes = Buffer.from(`${text},`);
    for (let at = 0; at < bytes.length - 1; at++) {
      for (const byte of [
        0x00, 0x20, 0x22, 0x2c, 0x30, 0x41, 0x5b, 0x5c, 0x5d, 0x7d, 0x80, 0xc0, 0xed, 0xf5,
      ]) {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        const wanted = parsed(changed);
        // Names are not compared: the one thing that is not checked.
        if (wanted !== null && wanted >= 0) good += 1;
        // Broken further on: one may see it where the other still waits for more.
        const got = skipped(changed, 2);
        if (wanted === null || wanted === -1)
          expect([changed.toString('latin1'), (got ?? -1) < 0]).toEqual([changed.toString('latin1'), true]);
        else expect([changed.toString('latin1'), got]).toEqual([changed.toString('latin1'), wanted]);
      }
    }
  }
  expect(good).toBeGreaterThan(100);
});
