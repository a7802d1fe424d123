// Loads uWebSockets.js, a native module. Its own loader answers every failure with a list of Node versions, also when the
// real reason is the C library; here the reason is told, with what can be done about it.

import type { AppOptions, TemplatedApp, us_listen_socket, us_socket } from 'uWebSockets.js';
import { createRequire } from 'node:module';
import { ConfigError } from './errors.ts';

/** An app with the `listen` that takes host and options together, which the package's own types leave out. */
export type UwsApp = Omit<TemplatedApp, 'listen'> & {
  listen(host: string, port: number, options: number, done: (socket: us_listen_socket | false) => void): void;
};

/** The part of the module that is used here. */
export interface Uws {
  App(): UwsApp;
  SSLApp(options: AppOptions): UwsApp;
  us_socket_local_port(socket: us_socket): number;
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
}

/** Where the module failed to load. `glibc` is null where the C library is another one (musl) or there is none. */
export interface Platform {
  /** Node's version without the `v`. */
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  readonly glibc: string | null;
}

/** Oldest glibc that the binary for a Node major needs. */
const GLIBC_NEEDED: Readonly<Record<string, string>> = { '20': '2.27', '22': '2.38', '24': '2.38' };

const OVERRIDE =
  'The official release can take its place: in package.json, "overrides": ' +
  '{"uWebSockets.js": "github:uNetworking/uWebSockets.js#v20.52.0"}, then npm install.';

function older(found: string, needed: string): boolean {
  const [major = 0, minor = 0] = found.split('.').map(Number);
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number);
  return major < neededMajor || (major === neededMajor && minor < neededMinor);
}

/** The error that says why uWebSockets.js cannot be loaded here, and what to do. */
export function uwsLoadError(cause: unknown, at: Platform): ConfigError {
  const needed = GLIBC_NEEDED[at.node.split('.')[0] ?? ''];
  const where = `Node ${at.node} on ${at.platform} ${at.arch}`;
  let why: string;
  if (needed === undefined) {
    why = `${where} has no binary of uWebSockets.js; use Node 20, 22 or 24.`;
  } else if (at.platform === 'linux' && at.glibc === null) {
    why = `${where}: uWebSockets.js needs glibc ${needed} or newer, and this system has another C library.`;
  } else if (at.platform === 'linux' && at.glibc !== null && older(at.glibc, needed)) {
    why = `${where}: uWebSockets.js needs glibc ${needed} or newer, found ${at.glibc}; Node 20 needs only 2.27.`;
  } else {
    const message = cause instanceof Error ? cause.message : String(cause);
    const last = message.trim().split('\n').at(-1) ?? message;
    const glibc = at.glibc === null ? '' : ` (glibc ${at.glibc}, needed ${needed})`;
    why = `${where}${glibc}: uWebSockets.js did not load: ${last}`;
  }
  return new ConfigError(`${why} ${OVERRIDE}`, { cause });
}

function glibcVersion(): string | null {
  if (process.platform !== 'linux') return null;
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime ?? null;
}

/** The module, loaded on first use: an engine that listens nowhere does not need it. Throws ConfigError. */
export function loadUws(load: (name: string) => unknown = createRequire(import.meta.url)): Uws {
  try {
    return load('uWebSockets.js') as Uws;
  } catch (cause) {
    throw uwsLoadError(cause, {
      node: process.versions.node,
      platform: process.platform,
      arch: process.arch,
      glibc: glibcVersion(),
    });
  }
}
