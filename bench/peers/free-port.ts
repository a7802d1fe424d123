// A TCP port on 127.0.0.1 for a program that cannot choose one itself. It lies below the range from which the system
// gives ports to outgoing connections, of which a load generator opens thousands.

import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST = 12_000;
const LAST = 31_999;
const TRIES = 50;

/** A port that nobody listens on now. Somebody else may take it before it is used: then the program's start fails. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    const server = createServer().listen({ host: '127.0.0.1', port, exclusive: true });
    const free = await new Promise<boolean>((resolve) => {
      server.once('listening', () => resolve(true));
      server.once('error', () => resolve(false));
    });
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error(`no free port from ${FIRST} to ${LAST} on 127.0.0.1 in ${TRIES} tries`);
}
