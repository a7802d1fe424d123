// The idiomatic Node service: what a good developer writes in an afternoon with the libraries everybody knows. One thread:
// ws, JSON.parse, zod, canonical JSON, createHash, zstd, append, fdatasync. It speaks the part of firn.v1 that a load
// generator needs. Nothing is acknowledged before the fdatasync that covers it.
//
//   node service.mjs --dir DIR [--port 0]

import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import { Batches } from './batches.mjs';
import { codeOf, Telemetry } from './telemetry.mjs';

const require = createRequire(import.meta.url);
const PATH = '/v1/streams/coldchain/ws';
const WINDOW = 64;
const MAX_FRAME_BYTES = 128 * 1024;
const MAX_REJECTS_TOLD = 16;
/** Thousands of endpoints connect at once. */
const BACKLOG = 4096;
/** Stands for a text that is no JSON: no JSON text parses to a symbol. */
const NOT_JSON = Symbol('not JSON');

function parseRecord(text) {
  try {
    return JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
}

/** The records of a frame: the elements of one JSON array, or one a line. */
function recordsOf(text) {
  if (text.trimStart().startsWith('[')) {
    const records = parseRecord(text);
    return records === NOT_JSON ? [NOT_JSON] : records;
  }
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseRecord);
}

/** JSON with the members in order. The schema has no nested objects. */
function canonical(record) {
  const sorted = {};
  for (const name of Object.keys(record).sort()) sorted[name] = record[name];
  return JSON.stringify(sorted);
}

/** The fault of a refused record. */
function faultOf(record, error) {
  if (record === NOT_JSON) return { code: 'json.syntax', detail: 'not JSON' };
  const [issue] = error.issues;
  return { code: codeOf(issue, record), detail: `${issue.path.join('.')}: ${issue.message}` };
}

function tell(connection, message) {
  connection.send(JSON.stringify(message));
}

const { values } = parseArgs({
  options: { dir: { type: 'string' }, port: { type: 'string', default: '0' } },
});
const batches = await Batches.create(values.dir, onFrame, (connection, next) =>
  tell(connection, { type: 'ack', next }),
);

function onFrame(connection, data) {
  const frame = connection.frames;
  let refused = 0;
  recordsOf(data.toString()).forEach((record, index) => {
    const { success, data: reading, error } = Telemetry.safeParse(record);
    if (success) {
      batches.add(canonical(reading));
      return;
    }
    refused += 1;
    if (refused > MAX_REJECTS_TOLD) return;
    tell(connection, { type: 'reject', frame, record: index, ...faultOf(record, error) });
  });
  if (refused > MAX_REJECTS_TOLD) {
    tell(connection, { type: 'reject', frame, more: refused - MAX_REJECTS_TOLD });
  }
  connection.frames += 1;
}

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(values.port),
  path: PATH,
  backlog: BACKLOG,
  maxPayload: MAX_FRAME_BYTES,
  perMessageDeflate: false,
});
server.on('connection', (connection, request) => {
  const asked = new URL(request.url, 'ws://localhost').searchParams.get('session');
  connection.frames = 0;
  connection.on('message', (data) => batches.push(connection, data));
  connection.on('error', () => connection.terminate());
  const session = asked ?? randomUUID();
  tell(connection, { type: 'hello', session, next: 0, window: WINDOW, maxFrameBytes: MAX_FRAME_BYTES });
});
server.on('listening', () => {
  const version = (name) => require(`${name}/package.json`).version;
  const versions = `Node ${process.versions.node}, ws ${version('ws')}, zod ${version('zod')}`;
  console.log(`ready ${JSON.stringify({ port: server.address().port, versions })}`);
});
process.on('SIGTERM', () => process.exit(0));
