// The listening socket. A port that somebody else has is an error: uSockets would otherwise share it silently, and half of
// the connections would go to a forgotten process.

import type { us_listen_socket } from 'uWebSockets.js';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import type { ListenConfig } from '../config.ts';
import { ConfigError } from '../errors.ts';
import { loadUws, type Uws, type UwsApp } from '../uws.ts';

/** An app that listens. */
export interface Listener {
  readonly port: number;
  /** Ends the listening socket and every connection at once. */
  close(): void;
}

function readable(file: string, what: string): string {
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    throw new ConfigError(`listen.tls.${what}: cannot read ${file}`, { cause });
  }
  return file;
}

function createApp(uws: Uws, listen: ListenConfig): UwsApp {
  if (listen.tls === undefined) return uws.App();
  const cert = readable(listen.tls.cert, 'cert');
  const key = readable(listen.tls.key, 'key');
  try {
    return uws.SSLApp({ cert_file_name: cert, key_file_name: key });
  } catch (cause) {
    throw new ConfigError(`listen.tls: ${cert} and ${key} are not a certificate and its key in PEM`, {
      cause,
    });
  }
}

/** Why a port cannot be listened on: uWebSockets.js says only that it cannot. */
function whyNot(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve('')));
  });
}

type Call = (a: never, b: never, c: never) => unknown;

/**
 * An app never forgets its handlers, even when it is closed, and they hold the front end with the whole ring. So it gets
 * stand-ins that look the handlers up in a list, and `detach` empties the list.
 */
function detachable(app: UwsApp): { app: UwsApp; detach(): void } {
  const handlers: Call[] = [];
  const standIn = <T extends Call>(handler: T): T => {
    const index = handlers.push(handler) - 1;
    const call: Call = (a, b, c) => handlers[index]?.(a, b, c);
    return call as T;
  };
  const standIns = <T extends object>(behavior: T): T => {
    const entries = Object.entries(behavior).map(([name, value]) => [
      name,
      typeof value === 'function' ? standIn(value as Call) : value,
    ]);
    return Object.fromEntries(entries) as T;
  };
  const stand: Pick<UwsApp, 'any' | 'ws' | 'filter'> = {
    any: (path, handler) => app.any(path, standIn(handler)),
    ws: (path, behavior) => app.ws(path, standIns(behavior)),
    filter: (handler) => app.filter(standIn(handler)),
  };
  return {
    app: Object.assign(Object.create(app), stand),
    detach: () => {
      handlers.length = 0;
    },
  };
}

/**
 * Listens. `prepare` adds the routes; `count` hears of each socket that opens (1) and of each that closes while it is not
 * a WebSocket (-1).
 * @throws ConfigError when the port is in use or the certificate is not one.
 */
export async function startListener(
  listen: ListenConfig,
  prepare: (app: UwsApp) => void,
  count: (difference: number) => void,
): Promise<Listener> {
  const uws = loadUws();
  const app = createApp(uws, listen);
  const { app: open, detach } = detachable(app);
  prepare(open);
  open.filter((_res, difference) => count(Number(difference)));
  let socket: us_listen_socket | false = false;
  const host = listen.host.replace(/^\[(.*)\]$/, '$1');
  app.listen(host, listen.port, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (result) => {
    socket = result;
  });
  if (socket === false) {
    const reason = await whyNot(listen.host, listen.port);
    const at = `${listen.host} port ${listen.port}`;
    if (reason === 'EADDRINUSE' || reason === '') {
      throw new ConfigError(
        `${at} is in use by another process: stop it, or choose another port with --port`,
      );
    }
    throw new ConfigError(`cannot listen on ${at}: ${reason}`);
  }
  return {
    port: uws.us_socket_local_port(socket),
    close: () => {
      app.close();
      // The handlers of what closes are called within this turn of the event loop.
      setImmediate(detach);
    },
  };
}
