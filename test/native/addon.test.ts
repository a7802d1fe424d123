// The border between JavaScript and the addon: what is handed in wrongly is an error, never a fault of memory.

import { describe, expect, test } from 'vitest';
import { describeStreams } from '../../workers/descriptor.ts';
import { type Addon, createNativeCodec, loadNative } from '../../workers/native.ts';
import { slabOf } from '../support/slab.ts';
import { telemetry, telemetryStream } from '../support/stream.ts';
import { nativeMissing } from '../support/twins.ts';

describe.skipIf(nativeMissing !== null)('addon', () => {
  const addon = loadNative().addon as Addon;
  const streams = [telemetryStream({ zones: { by: 'zone_id', field: 'temperature_c', limits: { A: {} } } })];

  test('addon: a descriptor that breaks off anywhere is refused', () => {
    const descriptor = describeStreams(streams);
    for (let length = 0; length < descriptor.length; length++) {
      expect(() => addon.create(descriptor.slice(0, length), new Int32Array(6))).toThrow(/descriptor/);
    }
    const longer = Buffer.concat([descriptor, Buffer.alloc(4)]);
    expect(() => addon.create(longer, new Int32Array(6))).toThrow(/something follows/);
    expect(() => addon.create(descriptor, new Int32Array(5))).toThrow(/six words/);
  });

  test('addon: damage to a descriptor makes another codec or an error', () => {
    const descriptor = describeStreams(streams);
    for (let at = 0; at < descriptor.length; at++) {
      const damaged = Uint8Array.from(descriptor);
      damaged[at] = (damaged[at] as number) ^ 0x80;
      try {
        addon.create(damaged, new Int32Array(6));
      } catch (error) {
        expect((error as Error).message).toMatch(/descriptor/);
      }
    }
  });

  test('addon: other arguments than typed arrays are a TypeError', () => {
    const encode = addon.create(describeStreams(streams), new Int32Array(6)) as (
      ...args: unknown[]
    ) => number;
    const bytes = new Uint8Array(8);
    expect(() => encode()).toThrow(TypeError);
    expect(() => encode(null, bytes, bytes, () => {})).toThrow(TypeError);
    expect(() => encode(bytes, bytes, bytes, null)).toThrow(TypeError);
    expect(() => encode(bytes, bytes, bytes, new Int32Array(2))).toThrow(/one word/);
  });

  test('addon: a slab or frame that goes past its memory is an assertion', () => {
    const codec = createNativeCodec(streams);
    const begin = (): void => {};
    for (const change of [{ bytes: 1 << 20 }, { frames: 2 }, { bytes: 60 }, { bytes: 0 }]) {
      const slab = { ...slabOf([{ payload: telemetry() }]), ...change };
      const cursor = { frame: 0, offset: 0, record: 0 };
      expect(() => codec.encode(slab, cursor, new Uint8Array(4096), begin)).toThrow(/assertion/);
    }
    const away = { frame: 0, offset: 1 << 30, record: 0 };
    const slab = slabOf([{ payload: telemetry() }]);
    expect(() => codec.encode(slab, away, new Uint8Array(4096), begin)).toThrow(/assertion/);
  });

  test('addon: the frame under work is in the control word, or told by a call whose error ends the work', () => {
    const codec = createNativeCodec(streams);
    const frameWord = new Int32Array(new SharedArrayBuffer(12)).subarray(1, 2);
    const slab = { ...slabOf([{ payload: '{}' }, { payload: '', stream: 7 }]), frameWord };
    const begin = (frame: number): void => {
      if (frame === 1) throw new Error(`frame ${frame}`);
    };
    const cursor = { frame: 0, offset: 0, record: 0 };
    expect(() => codec.encode(slab, cursor, new Uint8Array(4096), begin)).toThrow('stream number 7 is known');
    expect(frameWord[0]).toBe(1);
    expect(cursor.frame).toBe(1);
    const { frameWord: _, ...plain } = slab;
    const again = { frame: 0, offset: 0, record: 0 };
    expect(() => codec.encode(plain, again, new Uint8Array(4096), begin)).toThrow('frame 1');
  });

  test('addon: codecs that are no longer used give their memory back', () => {
    for (let i = 0; i < 2000; i++) createNativeCodec(streams);
    const codec = createNativeCodec(streams);
    const slab = slabOf([{ payload: telemetry() }]);
    const cursor = { frame: 0, offset: 0, record: 0 };
    expect(codec.encode(slab, cursor, new Uint8Array(4096), () => {})).toBeGreaterThan(0);
  });
});
