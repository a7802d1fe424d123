// Scans and judges one document as an engine does, in this process and with nobody behind it but a port that takes every
// chunk; prints how many events there were, and the most memory that it took: `{"events":n,"rssBytes":n}`.
//
//   node test/support/judge-once.mjs FILE MEDIA-TYPE

import { MessageChannel } from 'node:worker_threads';
import { run as judge } from '../../dist/workers/judge-document.js';
import { run as scan } from '../../dist/workers/scan-document.js';

const [path, mediaType] = process.argv.slice(2);
const judging = {
  profile: 'dscsa',
  maxEvents: 1_000_000,
  partners: null,
  staleDays: 365,
  strictState: false,
};
const order = { path, mediaType, single: false, judging };
const { head, findings } = await scan(order);
const refused = findings.find(({ severity }) => severity === 'reject');
if (head === null || refused !== undefined) throw new Error(`it is refused: ${refused?.detail}`);

const { port1, port2 } = new MessageChannel();
let events = 0;
const over = new Promise((resolve) => {
  port1.on('message', (message) => {
    events += message.events?.length ?? 0;
    const bad = message.events?.find(({ canonical }) => canonical === null);
    if (bad !== undefined) throw new Error(`event ${bad.index} has no canonical form`);
    if (message.type === 'chunk') port1.postMessage({ type: 'credit' });
    if (message.type === 'end') resolve();
  });
});
await judge({
  order: { ...order, sha256: '', receivedMs: Date.now(), partner: '', head, giveUp: null },
  port: port2,
});
await over;
console.log(JSON.stringify({ events, rssBytes: process.resourceUsage().maxRSS * 1024 }));
