// The judge's task that fails as a bug or a lack of memory would: for documents whose instance identifier is `poison` always,
// for those that begin with `late poison` behind the first chunk, as long as it judges.

import { run as own } from '../../dist/workers/judge-document.js';

export async function run(data) {
  const { order, port } = data;
  const instance = order.head?.instanceIdentifier ?? '';
  if (instance === 'poison') throw new Error('this document is too much');
  if (!instance.startsWith('late-') || order.giveUp !== null) return own(data);
  const post = port.postMessage.bind(port);
  let chunks = 0;
  const failing = Object.assign(Object.create(port), {
    on: port.on.bind(port),
    // What came behind the first chunk never gets there.
    close: () => setTimeout(() => port.close(), 300),
    postMessage: (message) => {
      if (message.type === 'chunk') chunks += 1;
      if (message.type === 'end' || chunks > 1) throw new Error('an event of this document is too much');
      post(message);
    },
  });
  await own({ order, port: failing });
}
