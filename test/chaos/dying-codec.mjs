// The codec that the engine would use, but its thread is mortal: it tells its number to whoever wants to end it
// (BroadcastChannel `firn-chaos`), and ends itself in a share of its calls. The URL says how: `?exit=0.01&throw=0.01&always`.
// `always` = no call ever gets anything done.

import { BroadcastChannel, threadId } from 'node:worker_threads';
import { chooseCodec, loadCodec } from '../../dist/workers/load-codec.js';

const asked = new URL(import.meta.url).searchParams;
const share = (name) => Number(asked.get(name) ?? 0);

export async function createCodec(streams) {
  const { name } = chooseCodec('auto');
  const create = await loadCodec(name);
  const codec = await create(streams);
  const channel = new BroadcastChannel('firn-chaos');
  channel.postMessage(threadId);
  channel.close();
  return {
    name,
    encode(slab, cursor, out, begin) {
      if (asked.has('always')) throw new RangeError('this codec never works');
      // Before anything is done, or with entries out that nobody has taken yet.
      if (Math.random() < share('throw')) throw new RangeError('the codec died by chance');
      const bytes = codec.encode(slab, cursor, out, begin);
      if (Math.random() < share('exit')) process.exit(3);
      return bytes;
    },
  };
}
