// What an operator and a bare client see of an engine from outside: status, health, memory, and the windows that one
// WebSocket without any library of firn's is told.

import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import type { EngineStatus } from '../../engine/status.ts';
import type { DrillLedger } from './ledger.ts';

export interface Health {
  readonly healthz: number;
  readonly readyz: number;
}

export async function healthOf(url: string): Promise<Health> {
  const [healthz, readyz] = await Promise.all(
    ['healthz', 'readyz'].map(async (name) => {
      const reply = await fetch(`${url}/${name}`);
      await reply.arrayBuffer();
      return reply.status;
    }),
  );
  return { healthz: healthz as number, readyz: readyz as number };
}

export async function statusOf(url: string): Promise<EngineStatus> {
  const reply = await fetch(`${url}/v1/status`);
  if (reply.status !== 200) throw new Error(`/v1/status answered ${reply.status}`);
  return (await reply.json()) as EngineStatus;
}

/** The value of a metric without labels, or null where there is none. */
export async function metricOf(url: string, name: string): Promise<number | null> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? null : Number(line.slice(name.length + 1));
}

/** Resident bytes of a process (Linux); null elsewhere. */
export function residentBytes(pid: number): number | null {
  try {
    const pages = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return pages === undefined ? null : Number(pages) * 1024;
  } catch {
    return null;
  }
}

/**
 * One bare connection that sends a small frame now and then and keeps the windows that it hears. A frame that is not
 * acknowledged when the connection ends is not sent again: the ledger knows it as sent.
 */
export class BareClient {
  readonly windows: number[] = [];
  /** The close code, once closed; the status where the upgrade was refused. */
  readonly ended: Promise<number>;
  readonly #socket: WebSocket;
  readonly #ledger: DrillLedger;
  readonly #session: string;
  readonly #sent: string[] = [];
  #first = 0;

  constructor(url: string, session: string, ledger: DrillLedger) {
    this.#ledger = ledger;
    this.#session = session;
    const endpoint = `${url.replace('http', 'ws')}/v1/streams/coldchain/ws?session=${session}`;
    this.#socket = new WebSocket(endpoint, 'firn.v1', { perMessageDeflate: false });
    this.#socket.on('message', (data: Buffer) => this.#hear(JSON.parse(data.toString('utf8'))));
    this.ended = new Promise((resolve) => {
      this.#socket.once('close', (code) => resolve(code));
      this.#socket.once('unexpected-response', (_, reply) => resolve(reply.statusCode ?? 0));
      this.#socket.on('error', () => undefined);
    });
  }

  /** Sends one record, when there was a hello and the connection stands. */
  send(): void {
    if (this.windows.length === 0 || this.#socket.readyState !== WebSocket.OPEN) return;
    const fraction = String(this.#sent.length).padStart(9, '0');
    const timestamp = `${new Date().toISOString().slice(0, 19)}.${fraction}Z`;
    const identity = `${this.#session} ${timestamp}`;
    this.#sent.push(identity);
    this.#ledger.sent(identity);
    this.#socket.send(
      `{"sensor_id":"${this.#session}","timestamp_utc":"${timestamp}","temperature_c":1,"zone_id":"BARE"}`,
    );
  }

  close(): void {
    this.#socket.close();
  }

  #hear(message: { type: string; window?: number; frames?: number; next?: number }): void {
    if (message.type === 'hello') {
      this.#first = message.next as number;
      this.windows.push(message.window as number);
    } else if (message.type === 'window') {
      this.windows.push(message.frames as number);
    } else if (message.type === 'ack') {
      for (const identity of this.#sent.slice(0, (message.next as number) - this.#first))
        this.#ledger.acknowledged(identity);
    }
  }
}
