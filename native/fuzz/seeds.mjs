// The seeds of the fuzz targets, written out anew for every run: small inputs, each near something worth finding. The
// layout of an input is told at the top of its target. Node's own modules only.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TELEMETRY =
  '{"sensor_id":"CC-SENSOR-0001","timestamp_utc":"2026-01-31T23:59:58.25Z","temperature_c":-4.50,"zone_id":"FRZ-A1","compliance_state":"within_spec"}';
const EVERY =
  '{"timestamp_utc":"2026-01-31T23:59:58Z","label":"x","count":7,"level":0.25,"on":true,"zone":"a","seen_utc":"2024-02-29T00:00:00Z","Alpha":"ab","n":1e5}';
const HASHED = TELEMETRY.replace('}', `,"raw_payload_hash":"${'0f'.repeat(32)}"}`);

/** Records for the tables: good, odd, and each way of being bad. */
const RECORDS = [
  [0, TELEMETRY],
  [0, HASHED],
  [0, TELEMETRY.replaceAll(':', ' : ').replaceAll(',', ' , ')],
  [0, TELEMETRY.replace('-4.50', '1e1')],
  [0, TELEMETRY.replace('FRZ-A1', 'FRZ\\u002dA1')],
  [0, TELEMETRY.replace('"zone_id"', '"z\\u006fne_id"')],
  [0, TELEMETRY.replace('}', ',"more":{"a":[1,{"a":2,"a":3}]}}')],
  [0, TELEMETRY.replace('}', ',"zone_id":"A"}')],
  [0, TELEMETRY.replace('"within_spec"', 'null')],
  [1, EVERY],
  [1, EVERY.replace('"x"', '"ü\\ud83d\\ude00 \\"q\\""')],
  [1, EVERY.replace('"x"', '"\\ud800"')],
  [1, EVERY.replace('"a"', '"b \\"q\\" \\\\"')],
  [1, EVERY.replace('}', `,"more":${'['.repeat(63)}${']'.repeat(63)}}`)],
  [1, EVERY.replace('}', `,"more":${'['.repeat(64)}${']'.repeat(64)}}`)],
  [1, EVERY.replace('0.25', '9007199254740993')],
  [1, EVERY.replace('0.25', '1e-400')],
  [1, '{"timestamp_utc":"2026-01-31T23:59:58Z"}'],
  [1, '[1]'],
];

const NUMBERS = [
  '0',
  '-0.0',
  '1e400',
  '9007199254740991',
  '0.000001',
  '123456789012345678901234567890e-20',
  '1E+2',
];
const TEXTS = [
  'plain',
  '\\"\\\\\\/\\b\\f\\n\\r\\t',
  '\\u0041\\u00e9\\ud83d\\ude00',
  '\\ud83d',
  '\\ude00x',
  'ü€😀',
];
const MOMENTS = [
  '2026-01-31T23:59:58Z',
  '2024-02-29T00:00:00.123456789+00:00',
  '1970-01-01T00:00:00.5Z',
  '9999-12-31T23:59:59Z',
];
const DOUBLES = [0, -0, 1, 0.1, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, 2 ** 53, 999999999999999900000];

function records() {
  const alone = RECORDS.map(([table, text]) => Buffer.concat([Buffer.from([table]), Buffer.from(text)]));
  const [first, second] = [RECORDS[0][1], RECORDS[1][1]];
  const lines = Buffer.from(`\u0002${first}\n${second}\r\n\n`);
  const array = Buffer.from(`\u0002[ ${first} , ${second},1]`);
  return [...alone, lines, array];
}

function canonical() {
  const doubles = Buffer.alloc(8 * DOUBLES.length);
  for (const [i, value] of DOUBLES.entries()) doubles.writeDoubleLE(value, 8 * i);
  const chosen = (choice, texts) => texts.map((text) => Buffer.from(`${String.fromCharCode(choice)}${text}`));
  return [
    Buffer.concat([Buffer.from([0]), doubles]),
    ...chosen(1, NUMBERS),
    ...chosen(2, TEXTS),
    ...chosen(3, MOMENTS),
  ];
}

/** The first eleven bytes: choice, frames, rejects, four sizes of output areas. */
function opening(choice, frames, sizes = [200, 0, 900, 2999]) {
  const bytes = Buffer.alloc(11);
  bytes.set([choice, frames, 40]);
  for (const [i, size] of sizes.entries()) bytes.writeUInt16LE(size, 3 + 2 * i);
  return bytes;
}

function framed(mode, flags, stream, kind, payload) {
  const text = Buffer.from(payload);
  const head = Buffer.from([mode, flags, stream, kind, 0, 0]);
  head.writeUInt16LE(text.length, 4);
  return Buffer.concat([head, text]);
}

/** A frame as it stands in a slab. */
function slabFrame(payload, stream, kind = 1) {
  const text = Buffer.from(payload);
  const frame = Buffer.alloc((48 + text.length + 7) & ~7);
  frame.writeUInt32LE(text.length, 0);
  frame[4] = kind;
  frame.writeUInt32LE(stream, 8);
  frame.writeDoubleLE(3, 16);
  frame.writeDoubleLE(1769903999007, 24);
  text.copy(frame, 48);
  return frame;
}

function frames() {
  const all = RECORDS.map(([table, text]) => framed(0, 0, table, 0, text));
  const mixed = [
    framed(0, 0, 0, 0, `${TELEMETRY}\n${HASHED}\nx\n`),
    framed(1, 0, 1, 0, `[${EVERY}, ${EVERY}]`),
    framed(2, 0, 3, 0, `${EVERY}\n${EVERY}\n${EVERY}`),
    framed(0, 1, 0, 0, ' any bytes '),
    framed(0, 0, 0, 204, '{"no":1}'),
    framed(0, 0, 2, 0, ''),
  ];
  const slab = Buffer.concat([slabFrame(TELEMETRY, 1), slabFrame(`[${EVERY},1]`, 2), slabFrame('{}', 1, 5)]);
  const state = Buffer.alloc(13);
  state.writeUInt32LE(slab.length, 7);
  return [
    ...all.map((frame) => Buffer.concat([opening(0, 1), frame])),
    Buffer.concat([opening(0, mixed.length), ...mixed]),
    Buffer.concat([opening(0, mixed.length, [0, 40, 96, 333]), ...mixed]),
    Buffer.concat([opening(1, 3), slab]),
    Buffer.concat([opening(2, 3), state, slab]),
    Buffer.concat([opening(6, 3, [2999, 0, 0, 0]), state, slab]),
  ];
}

function descriptors() {
  const change = (at, what, byte) => Buffer.from([1, at & 255, at >> 8, what, byte]);
  return [Buffer.from([0, 1, 0, 0, 0]), ...[0, 4, 8, 12, 16, 60, 400, 900].map((at) => change(at, 100, 1))];
}

const SEEDS = { frames, record: records, canonical, descriptor: descriptors };

export const TARGETS = Object.keys(SEEDS);

/** Writes the seeds of a target into a folder of their own. */
export function writeSeeds(target, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [i, bytes] of SEEDS[target]().entries()) writeFileSync(join(folder, `seed-${i}`), bytes);
}
