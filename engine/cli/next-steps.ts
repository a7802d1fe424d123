// Three commands that work as they are printed: send a reading by HTTP, send one by WebSocket, read the lake.

import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A path as one would type it here. */
function fromHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}

/** The text after a demo whose engine listened on `port` and whose lake is `lake`. */
export function nextSteps(port: number, data: string, lake: string): string {
  const main = fromHere(fileURLToPath(new URL('./main.js', import.meta.url)));
  const client = new URL('../client/client.js', import.meta.url).href;
  const time = new Date().toISOString();
  const reading = { sensor_id: 'door-0001', timestamp_utc: time, temperature_c: 4.5, zone_id: 'DOCK-1' };
  const literal = `{ sensor_id: 'door-0001', timestamp_utc: new Date().toISOString(), temperature_c: 4.6, zone_id: 'DOCK-1' }`;
  const script = [
    `import('${client}').then(async ({ FirnClient }) => {`,
    `const client = new FirnClient({ url: 'ws://127.0.0.1:${port}' }); await client.connect();`,
    `console.log(await client.send(${literal})); await client.close(); })`,
  ].join(' ');
  return `Next, with the engine running again in another terminal:
  node ${main} serve --port ${port} --data ${fromHere(data)}

1. Send a reading by HTTP; the answer comes after the fsync:
  curl -sS http://127.0.0.1:${port}/v1/streams/coldchain/records -H 'Content-Type: application/json' -d '${JSON.stringify(reading)}'

2. Send one over a WebSocket; the promise resolves when it is durable:
  node -e "${script}"

3. Read the lake with DuckDB:
  duckdb -c "SELECT day, zone_id, count(*) AS records, round(avg(temperature_c), 2) AS mean_c FROM read_ndjson('${join(fromHere(lake), 'coldchain')}/**/*.ndjson.zst', hive_partitioning = true) GROUP BY ALL ORDER BY ALL"`;
}
