// The capture interface from outside, over real sockets: what EPCIS 2.0 asks for, and what firn adds.

import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { capture, closeCaptureFronts, DOCUMENT, startCaptureFront } from '../support/capture-front.ts';
import { call } from '../support/front.ts';

afterEach(closeCaptureFronts);

const LOCATION = /^\/epcis\/capture\/([0-9a-f-]{36})$/;

test('capture: a document is answered 202 with the job, and lies in the spool with its digest', async () => {
  const front = await startCaptureFront();
  const answer = await capture(front);
  expect(answer.status).toBe(202);
  expect(answer.text).toBe('');
  expect(answer.headers).toMatchObject({
    'gs1-epcis-version': '2.0.0',
    'gs1-cbv-version': '2.0.0',
    'gs1-extensions': expect.stringContaining('='),
    location: expect.stringMatching(LOCATION),
  });
  const id = LOCATION.exec(answer.headers.location ?? '')?.[1];
  expect(front.files()).toEqual([`${id}.raw`]);
  expect(front.service.submitted).toEqual([
    {
      body: {
        id,
        bytes: Buffer.byteLength(DOCUMENT),
        sha256: createHash('sha256').update(DOCUMENT).digest('hex'),
      },
      request: {
        principal: 'anonymous',
        gln: null,
        mediaType: 'application/json',
        behaviour: 'rollback',
        single: false,
      },
      text: DOCUMENT,
    },
  ]);
  const job = await call(front, answer.headers.location ?? '');
  expect(job.status).toBe(200);
  expect(job.headers['content-type']).toBe('application/json');
  expect(job.json).toMatchObject({ captureID: id, running: false, success: true, errors: [] });
});
