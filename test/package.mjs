// The package as others get it: packs this checkout, installs the tarball into empty projects outside of it, and uses it
// there: without a compiler, with one, and with one but without the sources of libzstd. Prints one line for each check and
// `{"passed":n,"failed":n,"skipped":[…]}` at the end. Packages come from npm's cache where it has them; without them and
// without a registry nothing can be tried, and then the step counts as skipped. Run by `npm test`.

import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareContent } from './package/content.mjs';
import { barePath, firn, folder, has, install, pack, run, serve } from './package/project.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NAME = 'the package in an empty project';
/** About twice what the package takes: beyond that, something is in it that does not belong there. */
const MOST_PACKED_BYTES = 3_600_000;
const MOST_UNPACKED_BYTES = 13_000_000;
const NOTE = 'codec portable (the native codec is not built; firn build-native builds it)';

const counts = { passed: 0, failed: 0, skipped: [] };

/** Nothing could be tried, and the sentence says why. */
class Skip extends Error {}

/** Counts one check; what the command said is shown where it failed. */
function check(what, passed, done) {
  counts[passed ? 'passed' : 'failed'] += 1;
  console.log(`${passed ? 'ok' : 'FAILED'}: ${what}`);
  if (!passed && done !== undefined)
    console.log(`exit ${done.status}\n${done.stdout.slice(-3000)}\n${done.stderr.slice(-3000)}`);
}

function skip(what, reason) {
  counts.skipped.push({ name: what, reason });
  console.log(`skipped: ${what} (${reason})`);
}

function installed(name, tarball, flags, options) {
  const { project, done, unreachable } = install(name, tarball, flags, options);
  if (unreachable) throw new Skip('neither npm’s cache nor a registry has its dependencies');
  const where = options === undefined ? '' : ', no compiler';
  check(`npm install${flags.map((flag) => ` ${flag}`).join('')}${where}`, done.status === 0, done);
  return project;
}

function checkContent(tarball, project) {
  const found = compareContent(ROOT, join(project, 'node_modules/firn-engine'));
  const none = (what, names) => check([what, ...names].join('\n  '), names.length === 0);
  none('no file is missing', found.missing);
  none('no file is superfluous', found.superfluous);
  none('every source map has its source in it', found.hollow);
  none(`the ${found.imported} packages that it imports are its dependencies`, found.undeclared);
  const packed = statSync(tarball).size;
  check(
    `${found.files} files, ${packed} bytes packed (at most ${MOST_PACKED_BYTES}), ` +
      `${found.bytes} unpacked (at most ${MOST_UNPACKED_BYTES})`,
    found.imported > 0 && packed <= MOST_PACKED_BYTES && found.bytes <= MOST_UNPACKED_BYTES,
  );
}

const LIBRARY = `
import { createEngine } from 'firn-engine';
import { FirnClient } from 'firn-engine/client';
const [data] = process.argv.slice(2);
const engine = await createEngine({ data, streams: { coldchain: {} }, listen: { port: 0 }, log: { level: 'error' } });
const record = { sensor_id: 'sensor-0001', timestamp_utc: new Date().toISOString(), temperature_c: 4.5, zone_id: 'ZONE-A' };
const { accepted } = await engine.ingest('coldchain', [record]);
const client = new FirnClient({ url: engine.url.replace('http', 'ws'), stream: 'coldchain' });
await client.connect();
await client.send({ ...record, sensor_id: 'sensor-0002' });
await client.close();
const { codec, acct } = engine.status();
await engine.close();
console.log(JSON.stringify({ codec, accepted, total: acct.accepted }));
`;

/** A record through the library and one through FirnClient; both lie in the lake, which the package itself verifies. */
function checkLibrary(project, codec) {
  writeFileSync(join(project, 'library.mjs'), LIBRARY);
  const used = run(project, process.execPath, ['library.mjs', `data-${codec}`]);
  const expected = JSON.stringify({ codec, accepted: 1, total: 2 });
  check(`createEngine and FirnClient, codec ${codec}`, used.stdout.trim() === expected, used);
  const lake = `data-${codec}/lake`;
  const verified = firn(project, ['verify', lake]);
  check('its lake is sound', verified.status === 0 && verified.stdout.includes('SOUND'), verified);
  const coldchain = join(project, lake, 'coldchain');
  const objects = existsSync(coldchain) ? readdirSync(coldchain, { recursive: true }) : [];
  const lines = objects
    .filter((name) => name.endsWith('.ndjson.zst'))
    .map((name) => firn(project, ['inspect', '--json', join(lake, 'coldchain', name)]))
    .reduce(
      (sum, { status, stdout }) => (status === 0 ? sum + JSON.parse(stdout).facts.lines : Number.NaN),
      0,
    );
  check(`its lake has both records: ${lines}`, lines === 2);
}

const TYPES = `
import { ConfigError, createEngine, type Engine, type EngineOptions } from 'firn-engine';
import { FirnClient, type Receipt } from 'firn-engine/client';
const options: EngineOptions = { data: './data', streams: { coldchain: {} } };
const engine: Engine = await createEngine(options);
const { accepted }: { accepted: number } = await engine.ingest('coldchain', [{ temperature_c: 4.5 }]);
const receipt: Receipt = await new FirnClient({ url: 'ws://127.0.0.1:9400' }).send({ temperature_c: accepted });
// @ts-expect-error a frame is a number; were the types not found, it could be anything
const frame: string = receipt.frame;
// @ts-expect-error there is no such member
const wrong: EngineOptions = { dta: './data' };
export { ConfigError, frame, wrong };
`;

/** The types hold in a strict project that also checks the declarations of what it depends on. */
function checkTypes(project) {
  writeFileSync(join(project, 'types.ts'), TYPES);
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const flags = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    'false',
    '--module',
    'nodenext',
    '--target',
    'es2023',
  ];
  const done = run(project, process.execPath, [tsc, ...flags, '--types', 'node', 'types.ts']);
  check('the types resolve', done.status === 0, done);
}

function checkVersion(project, end) {
  const told = firn(project, ['--version']);
  check(`firn --version: ${told.stdout.trim()}`, told.status === 0 && told.stdout.trim().endsWith(end), told);
}

async function checkWithoutCompiler(project, path) {
  checkVersion(project, `, ${NOTE}, zstd wasm`);
  const built = firn(project, ['build-native'], { path });
  const [, why, ...more] = built.stdout.trim().split('\n');
  const clear = why?.startsWith('native codec: not built: no C++ compiler: ') && more.length === 0;
  check(`firn build-native, no compiler: ${why}`, built.status === 1 && clear && built.stderr === '', built);
  const { first, code } = await serve(project, path);
  check(`firn serve, no compiler: ${first}`, first.endsWith(`, ${NOTE}`) && code === 0);
}

function checkBuild(project, end) {
  const built = firn(project, ['build-native']);
  check('firn build-native', built.status === 0, built);
  checkVersion(project, end);
  return built.stdout;
}

try {
  const path = barePath();
  const tarball = pack(ROOT);
  const project = installed('plain', tarball, ['--ignore-scripts']);
  checkContent(tarball, project);
  checkTypes(project);
  checkLibrary(project, 'portable');
  const without = installed('bare', tarball, [], { path });
  await checkWithoutCompiler(without, path);
  if (['c++', 'make', 'python3'].every(has)) {
    checkBuild(project, ', codec native, zstd native 1.5.7');
    checkLibrary(project, 'native');
    // Where npm ran the scripts, the failed one has taken the package away already.
    rmSync(join(without, 'node_modules/zstd-napi'), { recursive: true, force: true });
    const words = checkBuild(without, ', codec native, zstd wasm');
    check(
      'without the sources of libzstd it says so',
      words.includes('built without zstd: the package zstd-napi'),
    );
  } else {
    skip(`${NAME}: firn build-native`, 'no C++ compiler, make or python3');
  }
} catch (error) {
  if (error instanceof Skip) skip(NAME, error.message);
  else check(error.message, false);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(JSON.stringify(counts));
process.exitCode = counts.failed === 0 ? 0 : 1;
