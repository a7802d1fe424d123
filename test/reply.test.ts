import { expect, test } from 'vitest';
import { codeNumber } from '../engine/codes.ts';
import { httpReply } from '../engine/reply.ts';

test('reply: members come in the order of the contract, whatever order the result has', () => {
  const errors = [{ detail: 'd', code: 'field.type' as const, record: 3 }];
  const { status, body } = httpReply({ more: 2, errors, rejected: 3, accepted: 1 }, 0, true);
  expect(status).toBe(202);
  expect(body).toBe(
    '{"accepted":1,"rejected":3,"errors":[{"record":3,"code":"field.type","detail":"d"}],"more":2}',
  );
});

test('reply: only a JSON body refused whole for syntax or UTF-8 is a problem', () => {
  const result = {
    accepted: 0,
    rejected: 1,
    errors: [{ record: 0, code: 'json.utf8' as const, detail: 'd' }],
    more: 0,
  };
  expect(httpReply(result, codeNumber('json.utf8'), true)).toEqual({
    status: 400,
    body: '{"type":"about:blank","title":"The body is not valid UTF-8","status":400,"code":"json.utf8","detail":"d"}',
  });
  expect(httpReply(result, codeNumber('json.utf8'), false).status).toBe(202);
  expect(httpReply(result, codeNumber('frame.records'), true).status).toBe(202);
  expect(httpReply(result, 0, true).status).toBe(202);
});
