// The floor of every comparison: uWebSockets.js that takes frames and throws them away. It only counts, and prints the
// count when it is stopped (SIGTERM). node dist/bench/bare-server.js [--port N]; prints `ready PORT`.

import { parseArgs } from 'node:util';
import { loadUws } from '../engine/uws.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
const uws = loadUws();
let frames = 0;

const app = uws.App();
app.ws('/*', {
  maxPayloadLength: 1 << 24,
  idleTimeout: 0,
  message: () => {
    frames += 1;
  },
});

app.listen('127.0.0.1', Number(values.port), uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
  if (socket === false) {
    console.error(`bare server: port ${values.port} of 127.0.0.1 cannot be listened on: is it in use?`);
    process.exit(2);
  }
  console.log(`ready ${uws.us_socket_local_port(socket)}`);
});

process.once('SIGTERM', () => {
  console.log(`frames ${frames}`);
  process.exit(0);
});
