// `npm run bench:peers`: firn beside what other people would reach for, on the same machine, in the same run, with the same
// records. Each peer's row says what it does not do.

import type { Section } from '../report.ts';
import { type Part, type Run, runParts } from '../run.ts';
import { firnServer } from '../servers/firn.ts';
import { peerServer } from '../servers/peer.ts';
import { SHAPES, type Shape, TEN } from '../shape.ts';
import { runTrial, type Trial } from '../trial.ts';
import { PEERS } from './all.ts';
import type { Peer } from './peer.ts';

const SECONDS = 3;

interface Row {
  readonly peer: Peer | null;
  readonly trial: Trial;
}

/**
 * JetStream answers nobody until it has stored all that lies before it, so with every window full its first answers come
 * after the run. One burst in flight for each connection lets it answer.
 */
function shapeFor(peer: Peer, shape: Shape): Shape {
  return peer.name === 'jetstream' ? { ...shape, window: shape.burst } : shape;
}

async function measureShape(run: Run, shape: Shape, peers: readonly Peer[]): Promise<Row[]> {
  const options = { records: run.records, seconds: run.seconds };
  const firn = async (): Promise<Row> => ({
    peer: null,
    trial: await runTrial(firnServer(), shape, options),
  });
  run.progress(`firn: ${shape.title}`);
  const rows = [await firn()];
  for (const peer of peers) {
    run.progress(`${peer.title}: ${shape.title}`);
    rows.push({ peer, trial: await runTrial(peerServer(peer), shapeFor(peer, shape), options) });
  }
  run.progress(`firn again: ${shape.title}`);
  rows.push(await firn());
  return rows;
}

/** What a peer does of validate, hash, seal and sync, in a few words. */
function doesOf(peer: Peer | null): string {
  if (peer === null) return 'validates, hashes, seals; fsync before each answer';
  const { validates, hashes, seals, syncs } = peer.does;
  const verbs = [validates && 'validates', hashes && 'hashes', seals && 'seals'].filter(Boolean).join(', ');
  return `${verbs || 'stores frames unread'}; syncs ${syncs}`;
}

function sectionOf(shape: Shape, rows: readonly Row[], skipped: readonly string[]): Section {
  const [first, ...others] = rows;
  const again = others.at(-1);
  const ours = (((first as Row).trial.recordsPerSecond + (again as Row).trial.recordsPerSecond) /
    2) as number;
  return {
    key: `peers-${shape.key}`,
    title: `${shape.title}: what is acknowledged`,
    columns: [
      { name: 'server' },
      { name: 'records/s', digits: 0 },
      { name: 'firn ÷', digits: 2 },
      { name: 'CPU µs/record' },
      { name: 'p50 ms' },
      { name: 'p99 ms' },
      { name: 'RSS MiB', digits: 0 },
      { name: 'does' },
    ],
    rows: rows.map(({ peer, trial }, i) => [
      i === rows.length - 1 ? `${trial.title} (again)` : trial.title,
      Math.round(trial.recordsPerSecond),
      peer === null ? null : ours / trial.recordsPerSecond,
      trial.cpuMicros,
      trial.latency.p50,
      trial.latency.p99,
      Math.round(trial.rssMib),
      doesOf(peer),
    ]),
    notes: [
      `A/A ${((again as Row).trial.recordsPerSecond / (first as Row).trial.recordsPerSecond).toFixed(2)}; "firn ÷" takes the mean of both runs`,
      ...rows.map(({ trial }) => `${trial.title}: ${trial.proof.how}`),
      ...rows
        .filter(({ trial }) => trial.generatorLimited)
        .map(({ trial }) => `the load generator was the limit of ${trial.title}`),
      ...skipped,
    ],
  };
}

export const VERSUS: Part = {
  name: 'peers',
  about: 'firn beside a Node service, a Python service, JetStream, Redis and Mosquitto',
  seconds: SECONDS,
  run: async (run) => {
    const there = PEERS.filter((peer) => peer.available().ok);
    const skipped = PEERS.flatMap((peer) => {
      const found = peer.available();
      return found.ok ? [] : [`not measured: ${peer.title}: ${found.why}; ${found.install}`];
    });
    const results: { shape: Shape; rows: Row[] }[] = [];
    for (const shape of SHAPES) {
      // Between the two ends the service that does the same work says enough.
      const rows = await measureShape(
        run,
        shape,
        shape === TEN ? there.filter(({ name }) => name === 'node') : there,
      );
      results.push({ shape, rows });
      run.add(sectionOf(shape, rows, skipped));
    }
    const notes = there.flatMap((peer) => peer.notes.map((note) => `${peer.title}: ${note}`));
    run.add({ key: 'peers-notes', title: 'What the peers are', columns: [], rows: [], notes });
    run.plot({
      file: 'peers.svg',
      title: 'Records a second that are acknowledged',
      subtitle: `${run.machine.cpu}, ${run.machine.cores} cores with the load generator; 1,000 endpoints`,
      unit: 'records a second',
      scale: 'log',
      groups: results.map(({ shape, rows }) => ({
        heading: shape.title,
        bars: rows.slice(0, -1).map(({ peer, trial }) => ({
          label: trial.title,
          value: Math.round(trial.recordsPerSecond),
          kind: trial.kind,
          ...(peer === null || peer.does.validates ? {} : { note: 'stores unread' }),
        })),
      })),
    });
  },
};

if (import.meta.filename === process.argv[1]) await runParts('peers', [VERSUS]);
