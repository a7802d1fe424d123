// The registry of streams: numbers stay for ever, schemas are frozen.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig, type StreamConfig } from '../../engine/config.ts';
import { ConfigError, FatalError } from '../../engine/errors.ts';
import { openRegistry, readRegistry } from '../../engine/registry.ts';
import { schemaSha256 } from '../../engine/schema/document.ts';
import { EPCIS_EVENT_DOCUMENT } from '../../engine/schema/epcis-event.ts';
import { diskStorage } from '../../engine/storage.ts';
import { faultyStorage } from '../support/faulty-storage.ts';
import { temporaryFolder } from '../support/journal-folder.ts';

const FIELDS = [
  { name: 'timestamp_utc', type: 'timestamp', required: true },
  { name: 'level', type: 'number', required: true },
];

/** A stream with one schema, or with several of which the first is its own. */
function streams(
  wanted: Record<string, string | string[]>,
  fields: object[] = FIELDS,
): readonly StreamConfig[] {
  const named = Object.fromEntries(
    Object.entries(wanted).map(([stream, own]) => [
      stream,
      typeof own === 'string' ? { schema: own } : { schemas: own },
    ]),
  );
  const schemas = {
    'tank/1': { fields },
    'tank/2': { fields: [...FIELDS, { name: 'note', type: 'string' }] },
  };
  return parseConfig({ streams: named, schemas } as never).streams;
}

test('registry: numbers count from 1, are found again, and are never used twice', () => {
  const folder = temporaryFolder();
  const first = openRegistry(diskStorage, folder, streams({ a: 'tank/1', b: 'telemetry/1' }));
  expect([first.current('a').number, first.current('b').number]).toEqual([1, 2]);
  openRegistry(diskStorage, folder, streams({ b: 'telemetry/1' }));
  const third = openRegistry(diskStorage, folder, streams({ c: 'tank/1', b: 'telemetry/1' }));
  // 3 and 4 are where frames of unknown schema go.
  expect([third.current('c').number, third.current('b').number]).toEqual([5, 2]);
  expect(third.byNumber(1)).toMatchObject({ stream: 'a', schema: 'tank/1' });
  expect(() => third.byNumber(7)).toThrow(FatalError);
  expect(() => third.current('a')).toThrow(FatalError);
});

test('registry: another schema of a stream gets another number and is told as a change; going back is one too', () => {
  const folder = temporaryFolder();
  expect(openRegistry(diskStorage, folder, streams({ a: 'tank/1' })).changes).toEqual([]);
  const changed = openRegistry(diskStorage, folder, streams({ a: 'tank/2' }));
  expect(changed.changes).toEqual([{ stream: 'a', old: 'tank/1', new: 'tank/2' }]);
  expect(changed.current('a').number).toBe(3);
  expect(changed.byNumber(1).schemaSha256).not.toBe(changed.byNumber(3).schemaSha256);
  const back = openRegistry(diskStorage, folder, streams({ a: 'tank/1' }));
  expect([back.current('a').number, back.changes.length]).toEqual([1, 1]);
  expect(openRegistry(diskStorage, folder, streams({ a: 'tank/1' })).changes).toEqual([]);
});

test('registry: a stream takes several schemas; its set and its own one are told when they change, their order is not', () => {
  const folder = temporaryFolder();
  const open = (...own: string[]) => openRegistry(diskStorage, folder, streams({ a: own }));
  open('tank/1');
  const both = open('tank/1', 'tank/2');
  expect(both.changes).toEqual([{ stream: 'a', old: 'tank/1', new: ['tank/1', 'tank/2'] }]);
  expect(both.accepted('a').map(({ number, schema }) => [number, schema])).toEqual([
    [1, 'tank/1'],
    [3, 'tank/2'],
  ]);
  expect(both.current('a')).toBe(both.accepted('a')[0]);
  expect(readRegistry(diskStorage, folder).accepted('a')).toEqual(both.accepted('a'));
  expect(open('tank/1', 'tank/2').changes).toEqual([]);
  const turned = open('tank/2', 'tank/1');
  expect(turned.changes).toEqual([{ stream: 'a', old: ['tank/1', 'tank/2'], new: ['tank/2', 'tank/1'] }]);
  expect(turned.current('a').number).toBe(3);
  open('tank/2', 'tank/1', 'telemetry/1');
  expect(open('tank/2', 'telemetry/1', 'tank/1').changes).toEqual([]);
  expect(open('tank/2').changes).toEqual([
    { stream: 'a', old: ['tank/2', 'telemetry/1', 'tank/1'], new: 'tank/2' },
  ]);
});

test('registry: frames of unknown schema have a number of their own, the same whatever the schemas are', () => {
  const folder = temporaryFolder();
  const first = openRegistry(diskStorage, folder, streams({ a: 'tank/1' }));
  const { number } = first.unknown('a');
  expect(first.byNumber(number).stream).toBe('a-unknown-schema');
  expect(first.accepted('a').map((pair) => pair.number)).not.toContain(number);
  const second = openRegistry(diskStorage, folder, streams({ a: ['tank/2', 'telemetry/1'] }));
  expect(second.unknown('a').number).toBe(number);
  expect(new Set(second.all.map((pair) => pair.number)).size).toBe(second.all.length);
  expect(second.all).toHaveLength(4);
});

test('registry: a file from before streams had several schemas is read and goes on', () => {
  const folder = temporaryFolder();
  const { table, schemaSha256 } = openRegistry(
    diskStorage,
    temporaryFolder(),
    streams({ a: 'tank/1' }),
  ).current('a');
  const before = {
    version: 1,
    streams: [{ number: 1, stream: 'a', table, schemaSha256 }],
    current: { a: 1 },
  };
  writeFileSync(join(folder, 'streams.json'), JSON.stringify(before));
  const opened = openRegistry(diskStorage, folder, streams({ a: 'tank/1' }));
  expect([opened.current('a').number, opened.unknown('a').number, opened.changes]).toEqual([1, 2, []]);
});

test('registry: a schema with other fields under the same name and version is refused, in any stream', () => {
  const folder = temporaryFolder();
  openRegistry(diskStorage, folder, streams({ a: 'tank/1' }));
  const before = readFileSync(join(folder, 'streams.json'), 'utf8');
  const other = [...FIELDS.slice(0, 1), { name: 'level', type: 'number', required: true, max: 5 }];
  expect(() => openRegistry(diskStorage, folder, streams({ a: 'tank/1' }, other))).toThrow(ConfigError);
  expect(() => openRegistry(diskStorage, folder, streams({ b: 'tank/1' }, other))).toThrow(/tank\/2/);
  expect(readFileSync(join(folder, 'streams.json'), 'utf8')).toBe(before);
});

test('registry: an unchanged registry is not written', () => {
  const folder = temporaryFolder();
  openRegistry(diskStorage, folder, streams({ a: 'tank/1' }));
  const { storage, trace } = faultyStorage(diskStorage, null);
  openRegistry(storage, folder, streams({ a: 'tank/1' }));
  expect(trace.filter(({ kind }) => kind === 'write' || kind === 'rename')).toEqual([]);
});

test('registry: another thread reads what was opened; a missing or damaged file is fatal', () => {
  const folder = temporaryFolder();
  expect(() => readRegistry(diskStorage, folder)).toThrow(FatalError);
  openRegistry(diskStorage, folder, streams({ a: 'tank/1' }));
  expect(readRegistry(diskStorage, folder).current('a')).toEqual(
    openRegistry(diskStorage, folder, streams({ a: 'tank/1' })).current('a'),
  );
  writeFileSync(join(folder, 'streams.json'), '{"version":1');
  expect(() => readRegistry(diskStorage, folder)).toThrow(FatalError);
  writeFileSync(join(folder, 'streams.json'), '{"version":2,"streams":[],"current":{}}');
  expect(() => openRegistry(diskStorage, folder, [])).toThrow(FatalError);
});

test('registry: EPCIS events have a number where captures are taken, and keep it when they are not any more', () => {
  const folder = temporaryFolder();
  const configured = streams({ a: 'tank/1' });
  expect(openRegistry(diskStorage, folder, configured).captures).toBeNull();
  const pair = openRegistry(diskStorage, folder, configured, true).captures;
  expect(pair).toMatchObject({ number: 3, stream: 'epcis', schema: 'epcis-event/1' });
  expect(pair?.schemaSha256).toBe(schemaSha256(EPCIS_EVENT_DOCUMENT));
  for (const again of [true, false]) {
    const registry = openRegistry(diskStorage, folder, configured, again);
    expect(registry.captures).toEqual(pair);
    expect(registry.byNumber(3)).toEqual(pair);
    expect(registry.changes).toEqual([]);
  }
  expect(readRegistry(diskStorage, folder).captures).toEqual(pair);
});
