// A real S3 server for tests: one ceph monitor, one OSD in memory and one radosgw on 127.0.0.1, without systemd, everything
// in one folder. Needs Debian's packages radosgw, ceph-mon and ceph-osd; installs nothing, says what is missing (exit 3).
//
//   node test/radosgw/start.mjs start DIR [PORT]   prints the environment of a client; PORT and PORT+1 are used (18490)
//   node test/radosgw/start.mjs stop DIR           ends the three processes; DIR can be removed then

import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

export const ACCESS_KEY = 'firnaccess';
export const SECRET_KEY = 'firnsecret0123456789';
/** Exit code of a start for which packages are missing. */
export const MISSING = 3;

const PACKAGES = {
  radosgw: ['radosgw', 'radosgw-admin'],
  'ceph-mon': ['ceph-mon', 'monmaptool'],
  'ceph-osd': ['ceph-osd'],
  'ceph-common': ['ceph', 'ceph-authtool'],
};
/** In the order in which they are ended. */
const DAEMONS = ['radosgw', 'osd', 'mon'];

/** Debian packages whose programs are not there. */
export function missingPackages() {
  const folders = (process.env.PATH ?? '').split(':');
  const there = (program) => folders.some((folder) => existsSync(join(folder, program)));
  return Object.keys(PACKAGES).filter((name) => !PACKAGES[name].every(there));
}

export function environment(port) {
  return {
    FIRN_TEST_S3_ENDPOINT: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: ACCESS_KEY,
    AWS_SECRET_ACCESS_KEY: SECRET_KEY,
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** Starts the three daemons below `dir`, which must be new. Resolves when S3 answers. */
export async function start(dir, port) {
  for (const name of ['mon', 'osd', 'log', 'run']) mkdirSync(join(dir, name), { recursive: true });
  writeFileSync(join(dir, 'ceph.conf'), configuration(dir, port));
  const run = (program, ...args) => execute(dir, program, args);
  const keyring = join(dir, 'keyring');
  run('ceph-authtool', '--create-keyring', keyring, '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *');
  const caps = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *'];
  run('ceph-authtool', keyring, '--gen-key', '-n', 'client.admin', ...caps);
  const osdCaps = ['--cap', 'mon', 'allow profile osd', '--cap', 'osd', 'allow *'];
  run('ceph-authtool', keyring, '--gen-key', '-n', 'osd.0', ...osdCaps);
  const map = join(dir, 'monmap');
  const address = `[v2:127.0.0.1:${port + 1}]`;
  run('monmaptool', '--create', '--addv', 'a', address, '--fsid', fsidOf(dir), map);
  run('ceph-mon', '-i', 'a', '--mkfs', '--monmap', map, '--keyring', keyring);
  launch(dir, 'mon', 'ceph-mon', ['-i', 'a', '-f']);
  await until(dir, 'monitor', 30, () => attempt(dir, 'ceph', ['mon', 'stat']) !== null);
  const uuid = randomUUID();
  run('ceph', 'osd', 'new', uuid, '0');
  run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', uuid);
  launch(dir, 'osd', 'ceph-osd', ['-i', '0', '-f']);
  await until(dir, 'OSD', 60, () => / 1 up/.test(attempt(dir, 'ceph', ['osd', 'stat']) ?? ''));
  launch(dir, 'radosgw', 'radosgw', ['-n', 'client.admin', '-f']);
  const url = `http://127.0.0.1:${port}/`;
  await until(dir, 'radosgw', 60, async () => (await fetch(url).catch(() => null))?.ok === true);
  const keys = ['--access-key', ACCESS_KEY, '--secret-key', SECRET_KEY];
  run('radosgw-admin', 'user', 'create', '--uid=firn', '--display-name=firn', ...keys);
}

/** Ends what `start` began below `dir`, each by its process id. */
export async function stop(dir) {
  for (const name of DAEMONS) {
    const file = join(dir, `${name}.pid`);
    if (!existsSync(file)) continue;
    const pid = Number(readFileSync(file, 'utf8'));
    // Daemons in memory have nothing to save.
    for (let tries = 0; alive(pid); tries += 1) {
      process.kill(pid, tries < 30 ? 'SIGTERM' : 'SIGKILL');
      await sleep(100);
    }
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function launch(dir, name, program, args) {
  const log = openSync(join(dir, 'log', `${name}.out`), 'a');
  const child = spawn(program, args, { ...options(dir), detached: true, stdio: ['ignore', log, log] });
  child.unref();
  writeFileSync(join(dir, `${name}.pid`), String(child.pid));
}

function options(dir) {
  return { env: { ...process.env, CEPH_CONF: join(dir, 'ceph.conf') }, cwd: dir };
}

/** @returns standard output; throws with what the program said. */
function execute(dir, program, args) {
  const ran = spawnSync(program, args, { ...options(dir), encoding: 'utf8', timeout: 60_000 });
  if (ran.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${ran.error ?? ran.stderr}`);
  return ran.stdout;
}

function attempt(dir, program, args) {
  const ran = spawnSync(program, args, { ...options(dir), encoding: 'utf8', timeout: 5000 });
  return ran.status === 0 ? ran.stdout : null;
}

async function until(dir, what, seconds, answers) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(200))
    if (await answers()) return;
  throw new Error(`no ${what} after ${seconds} s; its words are in ${join(dir, 'log')}`);
}

function fsidOf(dir) {
  return /^fsid = (.*)$/m.exec(readFileSync(join(dir, 'ceph.conf'), 'utf8'))[1];
}

/** One of everything, in memory, on the loopback address only. */
function configuration(dir, port) {
  return `[global]
fsid = ${randomUUID()}
mon_host = v2:127.0.0.1:${port + 1}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
keyring = ${dir}/keyring
run_dir = ${dir}/run
crash_dir = ${dir}/run
admin_socket = ${dir}/run/$name.asok
log_file = ${dir}/log/$name.log
mon_cluster_log_file = ${dir}/log/cluster.log
pid_file =
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_warn = 1
mon_data_avail_crit = 0
[mon]
mon_data = ${dir}/mon
[osd]
osd_data = ${dir}/osd
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_memory_target = 939524096
osd_class_load_list = *
osd_class_default_list = *
[client]
rgw_frontends = beast endpoint=127.0.0.1:${port}
rgw_thread_pool_size = 32
rgw_enable_usage_log = false
rgw_data = ${dir}/run
`;
}

async function main([command, folder, port = '18490']) {
  if (folder === undefined || (command !== 'start' && command !== 'stop')) {
    console.error('node test/radosgw/start.mjs start|stop DIR [PORT]');
    return 2;
  }
  const dir = resolve(folder);
  if (command === 'stop') {
    await stop(dir);
    return 0;
  }
  const missing = missingPackages();
  if (missing.length > 0) {
    console.error(`missing here: apt-get install --no-install-recommends ${missing.join(' ')}`);
    return MISSING;
  }
  try {
    await start(dir, Number(port));
  } catch (error) {
    console.error(error.message);
    await stop(dir);
    return 1;
  }
  for (const [name, value] of Object.entries(environment(port))) console.log(`export ${name}=${value}`);
  return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exitCode = await main(process.argv.slice(2));
