// A sealer for tests of the pool: answers every message with its type and ends at `close`. `fail` says what it does at
// `drain` instead: 'throw' any error, one of firn's own ('fatal', 'config'), 'exit' the thread, or fail 'later', outside
// of its task's own promise.

import { once } from 'node:events';
import { ConfigError, FatalError } from '../../dist/engine/errors.js';

export async function run({ port, fail }) {
  for (;;) {
    const [message] = await once(port, 'message');
    if (message.type === 'drain' && fail === 'throw') throw new TypeError('the sealer lost its file');
    if (message.type === 'drain' && fail === 'fatal') throw new FatalError('the seal journal is torn');
    if (message.type === 'drain' && fail === 'config') throw new ConfigError('the lake is ahead of the log');
    if (message.type === 'drain' && fail === 'exit') process.exit(9);
    if (message.type === 'drain' && fail === 'later') Promise.reject(new TypeError('nobody waits for this'));
    port.postMessage({ type: 'drained', published: message.type === 'drain' });
    if (message.type === 'close') return;
  }
}
