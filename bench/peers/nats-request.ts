// One question to a NATS server and its answer, over TCP: what setting up a stream and counting its messages takes.
// https://docs.nats.io/reference/reference-protocols/nats-protocol

import { connect } from 'node:net';

const ANSWER_MS = 10_000;
const INBOX = '_INBOX.firn.bench';
const CONNECT = {
  verbose: false,
  pedantic: false,
  tls_required: false,
  name: 'firn-bench',
  lang: 'javascript',
  version: '1',
};

/**
 * Sends `question` as JSON to a subject of the server's JetStream API.
 * @returns its answer, which is an object
 * @throws Error with the server's words when it refuses, and when no answer comes within 10 s
 */
export async function natsRequest(
  port: number,
  subject: string,
  question: unknown,
): Promise<Record<string, unknown>> {
  const payload = JSON.stringify(question);
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(ANSWER_MS);
  socket.write(
    `CONNECT ${JSON.stringify(CONNECT)}\r\nSUB ${INBOX} 1\r\n` +
      `PUB ${subject} ${INBOX} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`,
  );
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      let heard = '';
      const fail = (why: string): void => reject(new Error(`NATS on port ${port}, ${subject}: ${why}`));
      socket.setEncoding('latin1').on('data', (text: string) => {
        heard += text;
        const refused = /^-ERR (.*)\r\n/m.exec(heard);
        if (refused !== null) return fail(String(refused[1]));
        const found = /^MSG \S+ 1 (\d+)\r\n/m.exec(heard);
        if (found === null) return;
        const start = found.index + found[0].length;
        const end = start + Number(found[1]);
        if (heard.length >= end) resolve(Buffer.from(heard.slice(start, end), 'latin1').toString());
      });
      socket.once('timeout', () => fail(`no answer within ${ANSWER_MS} ms`));
      socket.once('error', (error) => fail(error.message));
      socket.once('close', () => fail('the server closed the connection'));
    });
    const object = JSON.parse(answer) as { error?: { description?: string } };
    if (object.error !== undefined) {
      throw new Error(`NATS on port ${port}, ${subject}: ${object.error.description ?? answer}`);
    }
    return object as Record<string, unknown>;
  } finally {
    socket.destroy();
  }
}
