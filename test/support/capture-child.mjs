// An engine that takes captures in a process of its own, to be killed: prints its address, then only waits.

import { createEngine } from '../../dist/engine/engine.js';

const engine = await createEngine({
  data: process.argv[2],
  listen: { port: 0 },
  journal: { minFreeBytes: 0 },
  log: { level: 'silent' },
  epcis: { cut: { age: 1, lateAge: 1 } },
});
process.stdout.write(`${engine.url}\n`);
