// The judge's task that fails for documents whose instance identifier is `poison`, as a bug or a lack of memory would.

import { run as own } from '../../dist/workers/judge-document.js';

export async function run(data) {
  if (data.order.head?.instanceIdentifier === 'poison') throw new Error('this document is too much');
  await own(data);
}
