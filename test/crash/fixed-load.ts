// A small load that is always the same: some endpoints and a poster, frames with refused records and of several days.
// Whoever starts an engine behind it again need not know: it resends until everything is acknowledged.

import { FirnClient } from '../../engine/client/client.ts';
import { drawFrame, type FrameOptions, post } from './frames.ts';
import type { Ledger } from './ledger.ts';

const ENDPOINTS = 3;
const FRAMES = 15;
const RECORDS = 5;
const POSTS = 2;

export interface FixedLoad {
  /** Resolves when everything was acknowledged, with null or with why a client stopped. */
  readonly done: Promise<Error | null>;
  abandon(): Promise<void>;
}

export function startLoad(url: string, ledger: Ledger, options: FrameOptions): FixedLoad {
  const clients: FirnClient[] = [];
  let abandoned = false;
  const endpoint = async (n: number): Promise<void> => {
    const session = `fixed-${n}`;
    const client = new FirnClient({
      url: url.replace('http', 'ws'),
      stream: 'coldchain',
      session,
      backoffMs: 20,
      maxBackoffMs: 200,
    });
    clients.push(client);
    await client.connect();
    const frames = Array.from({ length: FRAMES }, () => drawFrame(session, RECORDS, options));
    await Promise.all(
      frames.map(async ({ text, records }) => {
        ledger.sent(records);
        await client.sendFrame(text);
        ledger.acknowledged(records);
      }),
    );
  };
  const poster = async (): Promise<void> => {
    for (let n = 0; n < POSTS; n += 1) {
      const { text, records } = drawFrame('fixed-poster', RECORDS, options);
      ledger.sent(records);
      await post(url, text, `key-${options.numbers.next}`, () => abandoned);
      ledger.acknowledged(records);
    }
  };
  const work = [...Array.from({ length: ENDPOINTS }, (_, n) => endpoint(n)), poster()];
  return {
    done: Promise.all(work).then(
      () => null,
      (error: Error) => error,
    ),
    abandon: async () => {
      abandoned = true;
      await Promise.all(clients.map((client) => client.stop()));
      await Promise.allSettled(work);
    },
  };
}
