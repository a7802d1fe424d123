// An engine that takes captures in a process of its own, to be killed: prints its address, then only waits.
// Arguments: its folder, and JSON of what its configuration says besides.

import { createEngine } from '../../dist/engine/engine.js';

const [data, text = '{}'] = process.argv.slice(2);
const { epcis, ...options } = JSON.parse(text);
const engine = await createEngine({
  data,
  listen: { port: 0 },
  journal: { minFreeBytes: 0 },
  log: { level: 'silent' },
  ...options,
  epcis: { cut: { age: 1, lateAge: 1 }, ...epcis },
});
process.stdout.write(`${engine.url}\n`);
