// A million generated telemetry records through both codecs: records × changes to them × frames. Records are made once;
// each time one is used it may lose, gain or swap bytes and stands in another frame, alone or among up to 200, as lines or
// as an array, on a stream with zones or one that ignores unknown members, in slabs of about 256 KiB.
// FIRN_TWIN_RECORDS asks for another number.

import { describe, expect, test } from 'vitest';
import { KIB } from '../../engine/limits.ts';
import { FRAME_MODE } from '../../engine/ring/frame.ts';
import type { Codec, SlabView } from '../../workers/codec.ts';
import { type FrameInput, slabOf } from '../support/slab.ts';
import { telemetryStream } from '../support/stream.ts';
import { type RecordMaker, recordMaker } from '../support/telemetry-records.ts';
import { createTwins, nativeMissing } from '../support/twins.ts';

const RECORDS = Number(process.env['FIRN_TWIN_RECORDS'] ?? 1_000_000);
const MADE = 20_000;
const SLAB_BYTES = 256 * KIB;
/** Of a thousand uses of a record, how many change it; of a thousand frames, how many. */
const CHANGED_RECORDS = 30;
const CHANGED_FRAMES = 20;
/** Output areas, the last of them larger than what a slab gives: one call in six goes to one of the others. */
const AREAS = [3 * KIB, 40 * KIB, 100 * KIB, 1024 * KIB].map((bytes) => new Uint8Array(bytes));
const BYTES = '{}[]":,\\ \n-+.eE019tfn\u0001\u007fü';

type Random = RecordMaker['random'];

function changed(text: string, random: Random): string {
  const at = random(text.length);
  const byte = BYTES[random(BYTES.length)] as string;
  const pick = random(4);
  if (pick === 0) return text.slice(0, at) + byte + text.slice(at + 1);
  if (pick === 1) return text.slice(0, at) + text.slice(at + 1 + random(4));
  if (pick === 2) return text.slice(0, at) + byte + text.slice(at);
  const from = random(text.length);
  return text.slice(0, at) + text.slice(from, from + 20) + text.slice(at);
}

/** A frame of `count` of the records. */
function frameOf(records: readonly string[], count: number, random: Random): FrameInput {
  const used = Array.from({ length: count }, () => {
    const record = records[random(records.length)] as string;
    return random(1000) < CHANGED_RECORDS ? changed(record, random) : record;
  });
  const array = random(2) === 0;
  const text = array ? `[${used.join(random(4) === 0 ? ' , ' : ',')}]` : used.join('\n');
  return {
    payload: random(1000) < CHANGED_FRAMES ? changed(text, random) : text,
    stream: 1 + random(2),
    mode: random(20) === 0 ? random(3) : array ? FRAME_MODE.json : FRAME_MODE.auto,
  };
}

function encode(codec: Codec, slab: SlabView, random: Random): void {
  const cursor = { frame: 0, offset: 0, record: 0 };
  while (cursor.frame < slab.frames) {
    const before = { ...cursor };
    const first = random(6) === 0 ? random(AREAS.length - 1) : AREAS.length - 1;
    for (let area = first; area < AREAS.length; area++) {
      codec.encode(slab, cursor, AREAS[area] as Uint8Array, () => {});
      if (cursor.frame !== before.frame || cursor.record !== before.record) break;
    }
    if (cursor.frame === before.frame && cursor.record === before.record)
      throw new Error('the codecs stand still');
  }
}

describe.skipIf(nativeMissing !== null)('twins', () => {
  test(`twins: ${RECORDS} generated records`, { timeout: 600_000 }, () => {
    const zones = {
      by: 'zone_id',
      field: 'temperature_c',
      limits: { 'FRZ-A1': { min: -25, max: -15 }, 'FRZ-B2': { max: 8 } },
    };
    const codec = createTwins([
      telemetryStream({ zones }),
      telemetryStream({ number: 2, unknownFields: 'ignore' }),
    ]);
    const { record, random } = recordMaker(11);
    const records = Array.from({ length: MADE }, record);
    let used = 0;
    while (used < RECORDS) {
      const frames: FrameInput[] = [];
      for (let bytes = 0; bytes < SLAB_BYTES && used < RECORDS; ) {
        const count = 1 + random(random(4) === 0 ? 200 : 3);
        const frame = frameOf(records, count, random);
        frames.push(frame);
        bytes += frame.payload.length;
        used += count;
      }
      encode(codec, slabOf(frames), random);
    }
    expect(used).toBeGreaterThanOrEqual(RECORDS);
  });
});
