// bench:micro run small: every subject compares what its arms answer, every arm runs, and an arm that answers otherwise is
// found. Times are not looked at.

import { describe, expect, test } from 'vitest';
import { CodecPipeline } from '../../bench/micro/codec-pipeline.ts';
import { measure } from '../../bench/micro/measure.ts';
import { INSTALL_PEERS, loadPeer } from '../../bench/micro/peers.ts';
import { isTimestamp, PlainJavaScript } from '../../bench/micro/plain-javascript.ts';
import { makeSlabs } from '../../bench/micro/slabs.ts';
import { type Comparison, mustAgree } from '../../bench/micro/subject.ts';
import { SUBJECTS } from '../../bench/micro/subjects.ts';

const RECORDS = 300;
const RECORD = { timestamp_utc: '2026-11-20T00:00:00Z', temperature_c: -1.5, zone_id: 'A-1' };

/** What becomes of records, one frame of each form, by the plain pipeline and by the portable codec. */
async function bothWays(records: readonly string[]) {
  const portable = await CodecPipeline.create(null, true);
  const plain = new PlainJavaScript(true);
  return (['lines', 'array'] as const).map((form) => {
    const slabs = makeSlabs(records, { records: 100, form });
    const answers = [plain, portable].map((pipeline) => {
      const lines = Buffer.from(pipeline.lines(slabs)).toString();
      const { accepted, refused, root } = pipeline.run(slabs);
      return { lines, accepted, refused, root: Buffer.from(root).toString('hex') };
    });
    return { plain: answers[0], portable: answers[1] };
  });
}

describe('micro', () => {
  test.each(SUBJECTS.map((subject) => [subject.name, subject] as const))(
    'micro: %s: the arms agree, and each of them runs',
    async (_, subject) => {
      const { comparisons, close } = await subject.prepare(RECORDS);
      try {
        expect(comparisons.length).toBeGreaterThan(0);
        for (const { arms, units, key } of comparisons) {
          expect(arms.length, key).toBeGreaterThan(1);
          expect(units, key).toBeGreaterThan(0);
          for (const { run } of arms) run();
        }
      } finally {
        close?.();
      }
    },
  );

  test('micro: keys are unique, since a guard names its ratios by them', async () => {
    const prepared = await Promise.all(SUBJECTS.map((subject) => subject.prepare(RECORDS)));
    const keys = prepared.flatMap(({ comparisons }) => comparisons.map(({ key }) => key));
    for (const { close } of prepared) close?.();
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('micro: an arm that answers otherwise is named with the place', () => {
    const bytes = (text: string): Uint8Array => Buffer.from(text);
    expect(() =>
      mustAgree('lines', [
        ['one', bytes('abc')],
        ['two', bytes('abd')],
      ]),
    ).toThrow(/lines: two differs from one at byte 2/);
    expect(() => mustAgree('lines', [['one', bytes('')]])).toThrow(/nothing to compare/);
  });

  test('micro: work twice as long costs about twice as much, and an arm as much as itself', async () => {
    const spin = (rounds: number) => () => {
      let sum = 0;
      for (let i = 0; i < rounds; i++) sum = (sum + Math.imul(i, sum + 7)) | 0;
      return sum;
    };
    const comparison: Comparison = {
      key: 'spin',
      title: 'spin',
      unit: 'record',
      units: 1000,
      clock: 'cpu',
      arms: [
        { name: 'one', kind: 'ours', run: spin(400_000) },
        { name: 'four', kind: 'peer', run: spin(1_600_000) },
      ],
      notes: [],
    };
    const { arms, aa } = await measure(comparison, { seconds: 1, rounds: 5 });
    expect(aa.ratio).toBeGreaterThan(0.5);
    expect(aa.ratio).toBeLessThan(2);
    expect(arms[1]?.times.ratio).toBeGreaterThan(2);
    expect(arms[1]?.times.ratio).toBeLessThan(8);
  });

  test('micro: an arm that throws ends the bench with its own error', async () => {
    const broken = (): never => {
      throw new Error('lost frames');
    };
    const arms = [{ name: 'broken', kind: 'ours', run: broken } as const];
    const comparison: Comparison = {
      key: 'x',
      title: 'x',
      unit: 'frame',
      units: 1,
      clock: 'wall',
      arms,
      notes: [],
    };
    await expect(measure(comparison, { seconds: 0.01, rounds: 1 })).rejects.toThrow('lost frames');
  });

  test('plain JavaScript: unusual but good records give the lines of the codec', async () => {
    const ids = [
      'Fühler-7',
      '传感器-0001',
      '😀😀😀😀',
      'quo"te',
      'back\\slash',
      'tab-free',
      ' !#-[]~',
      '\u0080\u0081\u0082\u0083',
    ];
    const records = [
      ...ids.map((sensor_id) => JSON.stringify({ sensor_id, ...RECORD })),
      '{"sensor_id":"esc\\u0061ped","timestamp_utc":"2024-02-29T23:59:59.123456789+00:00","temperature_c":-0.0,"zone_id":"Z"}',
      JSON.stringify({
        raw_payload_hash: 'ab'.repeat(32),
        sensor_id: 'hash',
        compliance_state: null,
        ...RECORD,
      }),
    ];
    for (const { plain, portable } of await bothWays(records)) {
      expect(portable?.refused).toBe(0);
      expect(plain).toEqual(portable);
    }
  });

  test('plain JavaScript: what the codec refuses for any rule that a JSON value shows is refused', async () => {
    const good = { sensor_id: 'CC-1', ...RECORD };
    const records = [
      JSON.stringify(good),
      ...[
        { sensor_id: 'abc' },
        { sensor_id: 'x'.repeat(65) },
        { sensor_id: 'a\u007fbc' },
        { sensor_id: 'a\ud800bcd' },
        { sensor_id: 7 },
        { timestamp_utc: '2026-02-29T00:00:00Z' },
        { timestamp_utc: '2026-04-31T00:00:00Z' },
        { timestamp_utc: '1969-12-31T23:59:59Z' },
        { timestamp_utc: '2026-01-01T24:00:00Z' },
        { timestamp_utc: '2026-01-01T00:00:00+01:00' },
        { temperature_c: 100.1 },
        { temperature_c: '4' },
        { zone_id: 'a' },
        { zone_id: '' },
        { compliance_state: 'maybe' },
        { raw_payload_hash: 'AB' },
        { extra: 1 },
        { zone_id: null },
      ].map((change) => JSON.stringify({ ...good, ...change })),
      '[]',
      'null',
      '"text"',
    ];
    for (const { plain, portable } of await bothWays(records)) {
      expect(portable).toMatchObject({ accepted: 1, refused: records.length - 1 });
      expect(plain).toEqual(portable);
    }
  });

  test('plain JavaScript: the calendar has leap years', () => {
    const days = ['2024-02-29', '2000-02-29', '2026-12-31', '2026-11-30'];
    const none = ['2023-02-29', '2100-02-29', '2026-11-31', '2026-00-10', '2026-13-01'];
    expect(days.filter((day) => !isTimestamp(`${day}T00:00:00Z`))).toEqual([]);
    expect(none.filter((day) => isTimestamp(`${day}T00:00:00Z`))).toEqual([]);
  });

  test('peers: what is not installed is told with the line that installs it', () => {
    const peer = loadPeer('a-package-that-nobody-has');
    expect(peer.module).toBeNull();
    expect(peer).toHaveProperty('reason', expect.stringContaining(INSTALL_PEERS));
  });

  test('peers: a package whose install script did not run is not loaded', () => {
    // vitest stands for a package here: it is installed, and has no such file.
    const peer = loadPeer('vitest', 'build/Release/none.node');
    expect(peer).toEqual({ module: null, reason: `npm vitest is not built: ${INSTALL_PEERS}` });
  });
});
