// A trading partner's server for acknowledgements: checks each signature over the bytes as they came, keeps them in the
// order of arrival, and answers as it is told to.

import { createHash, createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { canonicalise } from '../../workers/canonicalise.ts';

export interface ReceivedAck {
  readonly seq: string;
  readonly partner: string;
  readonly captureID: string;
  readonly kind: string;
  readonly digest: string;
  readonly body: {
    readonly capture_id: string;
    readonly raw_sha256: string;
    readonly counts?: Readonly<Record<'events' | 'accepted' | 'duplicate' | 'rejected', number>>;
    readonly rejected?: readonly { readonly eventIndex: number; readonly codes: readonly string[] }[];
    readonly batches?: readonly { batch_id: string; first_seq: string; last_seq: string }[];
    readonly [member: string]: unknown;
  };
  /** What this server answered; null = nothing. */
  readonly status: number | null;
}

export interface AckReceiver {
  readonly url: string;
  /** Every request, those that were refused too. */
  readonly got: ReceivedAck[];
  /** What was wrong with signatures, digests, headers; empty in the end. */
  readonly faults: string[];
  /** Those that were answered with 2xx, each once, in order of their first arrival. */
  taken(): ReceivedAck[];
  close(): Promise<void>;
}

/** `answer`: the status of the nth request, from 1; null = the connection stays open without one. */
export async function startAckReceiver(
  secret: string,
  answer: (n: number, ack: Omit<ReceivedAck, 'status'>) => number | null,
): Promise<AckReceiver> {
  const got: ReceivedAck[] = [];
  const faults: string[] = [];
  let underWay = 0;
  const server = createServer((request, response) => {
    underWay += 1;
    if (underWay > 1) faults.push('two at the same time');
    response.once('close', () => {
      underWay -= 1;
    });
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const bytes = Buffer.concat(pieces);
      const signature = createHmac('sha256', secret).update(bytes).digest('hex');
      const ack = JSON.parse(bytes.toString('utf8')) as ReceivedAck;
      const { seq, digest, body } = ack;
      if (request.headers['gs1-signature'] !== signature)
        faults.push(`${seq}: the signature is not of these bytes`);
      if (request.headers['firn-ack-seq'] !== seq) faults.push(`${seq}: the header has another number`);
      const own = createHash('sha256').update(canonicalise(body)).digest('hex');
      if (own !== digest) faults.push(`${seq}: the digest is not of the body`);
      if (request.url !== '/acks') faults.push(`${seq}: came to ${request.url}`);
      const status = answer(got.length + 1, ack);
      got.push({ ...ack, status });
      if (status === null) return;
      response.writeHead(status, { location: '/elsewhere' });
      response.end('what a partner says is not read');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/acks`,
    got,
    faults,
    taken: () => {
      const firsts = new Map<string, ReceivedAck>();
      for (const ack of got)
        if (ack.status !== null && ack.status < 300 && !firsts.has(ack.seq)) firsts.set(ack.seq, ack);
      return [...firsts.values()];
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
