// `firn dead-letter` from outside: what it takes, and what it says to what it does not take.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { leafHash, merkleRoot } from '../../engine/batch/merkle.ts';
import { visible } from '../../engine/cli/dead-letter-arguments.ts';
import { parseReference } from '../../engine/reference.ts';
import { compress, initCompress } from '../../workers/compress.ts';
import { deadLetter, endCommands } from '../support/dead-letter.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';

let engine: TestEngine;
let reference = '';
let key = '';
const folder = mkdtempSync(join(tmpdir(), 'firn-cli-dead-letter-'));

beforeAll(async () => {
  engine = await startEngine();
  await engine.engine.ingest('coldchain', 'broken\n{}\n');
  await engine.engine.close();
  const [first] = (await deadLetter(['list', engine.lake, '--json'])).json;
  ({ short: reference, key } = first);
}, 30_000);
afterEach(endCommands);
afterAll(async () => {
  await engine.remove();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  [[], 2, /usage: firn dead-letter list\|show\|replay/],
  [['--help'], 0, /usage: firn dead-letter list\|show\|replay/],
  [['list', '--help'], 0, /usage: firn dead-letter list LAKE \[options\][\s\S]*examples:/],
  [['show', '--help'], 0, /usage: firn dead-letter show LAKE REF… \[options\]/],
  [['replay', '--help'], 0, /usage: firn dead-letter replay LAKE \[REF…\] \[options\]/],
])('dead-letter: %j helps', async (argv, code, words) => {
  const ran = await deadLetter(argv);
  expect([ran.code, ran.out.toString()]).toEqual([code, expect.stringMatching(words)]);
});

test.each([
  [['shwo'], 'unknown subcommand shwo, did you mean show?'],
  [['list'], 'firn dead-letter list: which lake?'],
  [['list', 'LAKE', '--cod', 'x'], 'unknown option --cod, did you mean --code?'],
  [['list', 'LAKE', '--from', 'yesterday'], '--from takes a day (2026-01-31) or a time in UTC'],
  [['list', 'LAKE', '--from', '2026-02-30'], '--from takes a day'],
  [['list', 'LAKE', '--from', '2026-02-02', '--to', '2026-02-01'], '--to is not after --from'],
  [['list', 'LAKE', '--limit', '0'], '--limit takes a whole number of at least 1'],
  [['list', 'NOWHERE'], 'is not a lake: there is no folder _log in it'],
  [['list', '--data', 'NOWHERE'], 'is no data folder of an engine: there is no folder state in it'],
  [['show', 'LAKE'], 'which record?'],
  [['show', 'LAKE', 'x:1'], 'x:1 names no dead letter'],
  [['show', 'LAKE', '0123456789ab:1'], '0123456789ab:1 names no dead letter in'],
  [['show', 'LAKE', 'REF0'], 'has the lines 1 to 2, not 99'],
  [['replay', 'LAKE'], 'why? Give --reason TEXT'],
  [['replay', 'LAKE', '--reason', 'r', '--to', 'localhost:9400'], '--to takes the address of an engine'],
  [['replay', 'LAKE', 'REF', '--code', 'x', '--reason', 'r'], 'give references or filters, not both'],
  [['replay', 'LAKE', 'REF', '--schema', '2', '--reason', 'r'], '--schema takes a name and a version'],
  [
    ['replay', 'LAKE', 'REF', '--reason', 'r', '--to', 'http://127.0.0.1:9'],
    'no engine answers at http://127.0.0.1:9',
  ],
  [
    ['replay', '--quarantined', '--reason', 'r', '--to', 'http://127.0.0.1:9'],
    'no engine answers at http://127.0.0.1:9',
  ],
  [['replay', 'LAKE', '--quarantined', '--reason', 'r'], '--quarantined takes no lake'],
])('dead-letter: %j is exit 2 with a word', async (argv, words) => {
  const real = argv.map((word) => {
    if (word === 'LAKE') return engine.lake;
    if (word === 'NOWHERE') return join(folder, 'nowhere');
    if (word === 'REF0') return reference.replace(/:.*/, ':99');
    return word === 'REF' ? reference : word;
  });
  const { code, err } = await deadLetter(real);
  expect(err).toContain(words);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
  expect(code).toBe(2);
});

test('dead-letter: an object that was changed is neither shown nor listed', async () => {
  const copy = join(folder, 'lake');
  mkdirSync(join(copy, '_log'), { recursive: true });
  const [day] = [key.slice(0, key.lastIndexOf('/'))];
  mkdirSync(join(copy, day), { recursive: true });
  // The name of one object over the lines of another: the audit batch is sound, but not this.
  const audit = readdirSync(join(engine.lake, 'audit'), { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith('.zst'),
  ) as string;
  writeFileSync(join(copy, key), readFileSync(join(engine.lake, 'audit', audit)));
  const { code, err, out } = await deadLetter(['list', copy]);
  expect([code, out.toString()]).toEqual([2, '']);
  expect(err).toContain('was changed (the Merkle root of its lines is');
});

test('dead-letter: a dry run sends nothing and needs no engine', async () => {
  const ran = await deadLetter(['replay', engine.lake, '--dry-run', '--to', 'http://127.0.0.1:9']);
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out.toString()).toMatch(/2 records would be sent, 0 not\n$/);
});

test('reference: a key or the beginning of a root, and a line', () => {
  expect(parseReference(`${key}:3`)).toEqual({ name: key, line: 3 });
  expect(parseReference('0123456789ab:12')).toEqual({ name: '0123456789ab', line: 12 });
  for (const text of ['0123456:1', '0123456789ab', '0123456789ab:0', 'audit/x:1', `${key}:x`])
    expect(parseReference(text)).toBeNull();
});

/** A lake with one dead letter, whose name fits the line that somebody else has made. */
async function lakeOf(line: string): Promise<string> {
  const lake = mkdtempSync(join(folder, 'foreign-'));
  const day = join(lake, 'dead-letter', 'coldchain', 'year=2026', 'month=01', 'day=31');
  mkdirSync(day, { recursive: true });
  mkdirSync(join(lake, '_log'));
  const root = Buffer.from(merkleRoot(leafHash(Buffer.from(line)))).toString('hex');
  await initCompress();
  writeFileSync(join(day, `batch_${root}_1.ndjson.zst`), compress(Buffer.from(`${line}\n`)));
  return lake;
}

test.each(['no JSON', 'null', '{}', '{"code":"json.syntax","source":{}}'])(
  'dead-letter: a lake with %s where a dead letter should be is exit 2 with a word',
  async (line) => {
    const lake = await lakeOf(line);
    for (const argv of [
      ['list', lake],
      ['replay', lake, '--dry-run'],
    ]) {
      const { code, err, out } = await deadLetter(argv);
      expect([code, out.toString()]).toEqual([2, '']);
      expect(err).toMatch(
        /^firn dead-letter (list|replay): line 1 of dead-letter\S+ is no dead letter: .*\n$/,
      );
    }
  },
);

test('dead-letter: no member of a foreign line reaches the terminal as it is', async () => {
  const evil = 'a\u001b]0;b\u0007';
  const lake = await lakeOf(
    JSON.stringify({
      code: evil,
      detail: evil,
      path: evil,
      raw_b64: Buffer.from(evil).toString('base64'),
      received_utc: evil,
      rejected_utc: evil,
      schema: evil,
      source: { frame: 0, principal: evil, record: 0, session: evil },
    }),
  );
  const [{ reference: ref }] = (await deadLetter(['list', lake, '--json'])).json;
  for (const argv of [
    ['list', lake],
    ['list', lake, '--summary'],
    ['show', lake, ref],
  ]) {
    const { code, out } = await deadLetter(argv);
    expect([code, out.toString()]).toEqual([0, expect.stringContaining('a\\u001b]0;b\\u0007')]);
    expect(out.toString()).not.toMatch(/(?!\n)\p{Cc}/u);
  }
});

test('dead-letter: what came from outside cannot steer a terminal', () => {
  expect(visible('a\u001b[31m\u202eb\u2028c\u009b')).toBe('a\\u001b[31m\\u202eb\\u2028c\\u009b');
});
