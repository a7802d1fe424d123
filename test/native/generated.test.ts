// Many generated telemetry records through both codecs, in frames of 1 to 200 and slabs of about 256 KiB, as lines and as
// arrays. 200,000 records; FIRN_TWIN_RECORDS asks for another number.

import { describe, expect, test } from 'vitest';
import { KIB } from '../../engine/limits.ts';
import { type FrameInput, slabOf } from '../support/slab.ts';
import { telemetryStream } from '../support/stream.ts';
import { recordMaker } from '../support/telemetry-records.ts';
import { createTwins, nativeMissing } from '../support/twins.ts';

const RECORDS = Number(process.env['FIRN_TWIN_RECORDS'] ?? 200_000);
const SLAB_BYTES = 256 * KIB;

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
    let made = 0;
    while (made < RECORDS) {
      const frames: FrameInput[] = [];
      for (let bytes = 0; bytes < SLAB_BYTES && made < RECORDS; ) {
        const count = 1 + random(random(4) === 0 ? 200 : 3);
        const records = Array.from({ length: count }, record);
        const payload = random(2) === 0 ? records.join('\n') : `[${records.join(',')}]`;
        frames.push({ payload, stream: 1 + random(2) });
        bytes += payload.length;
        made += count;
      }
      const slab = slabOf(frames);
      const cursor = { frame: 0, offset: 0, record: 0 };
      while (cursor.frame < slab.frames) codec.encode(slab, cursor, new Uint8Array(SLAB_BYTES), () => {});
    }
    expect(made).toBeGreaterThanOrEqual(RECORDS);
  });
});
