// The outage drill: an engine under load loses its store, fills its journal up to the quota, refuses, and gets the store
// back. `--seconds N` is how long the store is down (60), `--store directory|s3`, `--trouble refuse|slow-down` (of s3),
// `--seed N`, `--json`, `--keep`. One line per phase; the first phase that fails is named, exit 1. What must hold:
//
//   before    acknowledgements flow, batches reach the lake
//   down      acknowledgements go on, the journal grows, the outage is told
//   full      windows have shrunk, new frames get 1013 and 503, /healthz answers, /readyz says 503, memory is flat
//   back      the backlog reaches the lake, clients go on by themselves
//   end       nothing waits any more; verify is sound, nothing lost, nothing doubled

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Drill, type DrillOptions } from './drill.ts';
import { s3Store, TROUBLES } from './s3-store.ts';
import { type DrillStore, directoryStore } from './store.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    store: { type: 'string', default: 'directory' },
    trouble: { type: 'string', default: 'refuse' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});

async function openStore(folder: string): Promise<DrillStore> {
  const trouble = TROUBLES.find((each) => each === values.trouble);
  if (trouble === undefined) throw new Error(`--trouble is one of ${TROUBLES.join(', ')}`);
  if (values.store === 's3') return s3Store(folder, trouble);
  if (values.store !== 'directory') throw new Error('--store is directory or s3');
  if (trouble !== 'refuse') throw new Error(`--trouble ${trouble} is of --store s3`);
  return directoryStore(folder);
}

async function main(): Promise<number> {
  const seconds = Number(values.seconds);
  if (!(seconds >= 2)) throw new Error('--seconds is a number of at least 2');
  const folder = mkdtempSync(join(tmpdir(), 'firn-drill-'));
  const store = await openStore(folder);
  const options: DrillOptions = { folder, store, seconds, seed: Number(values.seed) };
  console.log(`outage drill: ${store.words} for ${seconds} s, seed ${options.seed}`);
  const drill = new Drill(options);
  let passed = 0;
  let failed = 0;
  try {
    for (const [name, phase] of drill.phases()) {
      const told = await phase().catch((error: unknown) => {
        failed = 1;
        return `FAILED: ${(error as Error).message}`;
      });
      console.log(`${name.padEnd(8)}${told}`);
      if (failed > 0) break;
      passed += 1;
    }
  } finally {
    await drill.kill();
    await store.close();
  }
  if (values.json) console.log(JSON.stringify({ passed, failed }));
  if (failed === 0 && !values.keep) rmSync(folder, { recursive: true });
  else {
    writeFileSync(join(folder, 'engine.log'), drill.log);
    console.log(`kept: ${folder}`);
  }
  return failed;
}

// Clients of a drill that failed would try for ever.
process.exit(await main());
