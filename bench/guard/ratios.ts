// The ratios that the guard looks at, all of them larger when firn is better. Each is the median of a few rounds in which the
// two sides take turns.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DocumentArm, measureArms } from '../epcis/arms.ts';
import { SHAPES as SHAPES_OF_EVENTS } from '../epcis/documents.ts';
import { prepareJson } from '../epcis/judge-json.ts';
import { codec } from '../micro/codec.ts';
import { measure } from '../micro/measure.ts';
import { NODE_PEER } from '../peers/node.ts';
import { BARE_SERVER } from '../servers/bare.ts';
import { firnServer } from '../servers/firn.ts';
import { peerServer } from '../servers/peer.ts';
import type { Server } from '../servers/server.ts';
import { HUNDRED, type Shape, SINGLE } from '../shape.ts';
import { median } from '../stat.ts';
import { runTrial, type Trial } from '../trial.ts';
import { makeWorkload, writeWorkload } from '../workload.ts';

/** Ratios by name, and what could not be measured here, as sentences. */
export interface Ratios {
  readonly ratios: Readonly<Record<string, number>>;
  readonly missing: readonly string[];
}

const RECORDS = 8192;
const CODEC_KEYS = ['codec-1-lines', 'codec-100-lines'];
const CODEC_SECONDS = 3;
const EPCIS_ROUNDS = 9;
const ROUNDS = 2;
const SECONDS = 2;

/** The native codec against its twin and against plain JavaScript, by processor time. */
export async function codecRatios(): Promise<Ratios> {
  const prepared = await codec.prepare(RECORDS);
  const ratios: Record<string, number> = {};
  const missing = [...(prepared.missing ?? [])];
  // Without the addon the first arm is the portable codec, and there is nothing to guard.
  const comparisons = missing.length > 0 ? [] : prepared.comparisons;
  for (const comparison of comparisons.filter(({ key }) => CODEC_KEYS.includes(key))) {
    const { arms } = await measure(comparison, { seconds: CODEC_SECONDS, rounds: 5 });
    for (const arm of arms.slice(1)) ratios[`${comparison.key}: native ÷ ${arm.name}`] = arm.times.ratio;
  }
  prepared.close?.();
  return { ratios, missing };
}

/** What a document may cost at most, in JSON.parse of its bytes: the goal, so that a ratio of 1 just reaches it. */
const EPCIS_GOAL = 8;
const EPCIS_EVENTS = { small: 4000, large: 200 } as const;

/** Documents judged, against JSON.parse of the same bytes, by processor time. */
export async function epcisRatios(): Promise<Ratios> {
  const ratios: Record<string, number> = {};
  for (const shape of SHAPES_OF_EVENTS) {
    const { work, arms } = prepareJson('json-urn', shape, EPCIS_EVENTS[shape]);
    const [parse, judged] = [arms[0], arms.at(-1)] as DocumentArm[];
    const measured = await measureArms(work, [parse as DocumentArm, judged as DocumentArm], EPCIS_ROUNDS);
    const times = measured.arms[1]?.times.ratio as number;
    ratios[`epcis ${shape} events: ${EPCIS_GOAL} × JSON.parse ÷ judged`] = EPCIS_GOAL / times;
  }
  return { ratios, missing: [] };
}

/** The engine against the idiomatic service and against a server that only counts. */
export async function socketRatios(): Promise<Ratios> {
  const folder = mkdtempSync(join(tmpdir(), 'firn-guard-'));
  try {
    const records = join(folder, 'records.ndjson');
    writeWorkload(records, makeWorkload());
    const trial = (server: Server, shape: Shape, rate?: number): Promise<Trial> =>
      runTrial(server, shape, { records, seconds: SECONDS, ...(rate === undefined ? {} : { rate }) });
    const ratios: Record<string, number> = {
      'front thread CPU a frame: bare uWebSockets.js ÷ firn': await ofRounds(async () => {
        const bare = await trial(BARE_SERVER, SINGLE);
        const firn = await trial(firnServer(), SINGLE);
        return (bare.frontNanos as number) / (firn.frontNanos as number);
      }),
    };
    const found = NODE_PEER.available();
    if (!found.ok) return { ratios, missing: [`${NODE_PEER.title}: ${found.why}; ${found.install}`] };
    const node = peerServer(NODE_PEER);
    let slowest = Number.POSITIVE_INFINITY;
    for (const shape of [SINGLE, HUNDRED]) {
      ratios[`records/s, ${shape.key}: firn ÷ Node service`] = await ofRounds(async () => {
        const peer = await trial(node, shape);
        const firn = await trial(firnServer(), shape);
        if (shape === SINGLE) slowest = Math.min(slowest, peer.framesPerSecond);
        return firn.recordsPerSecond / peer.recordsPerSecond;
      });
    }
    // At half of what the service can do, both have an easy life.
    ratios['p99 of acknowledgements at the same rate: Node service ÷ firn'] = await ofRounds(async () => {
      const peer = await trial(node, SINGLE, slowest / 2);
      const firn = await trial(firnServer(), SINGLE, slowest / 2);
      return peer.latency.p99 / firn.latency.p99;
    });
    return { ratios, missing: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ofRounds(round: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < ROUNDS; i++) values.push(await round());
  return median(values);
}
