// The reply of `POST /v1/streams/{stream}/records` and of `ingest()`: one place, so that the frontend's first answer and
// the one that a fold of the journal gives to a retry after a restart are the same bytes.

import { assert } from './assert.ts';
import { type Code, codeNumber } from './codes.ts';

/** One refused record: its index in the frame (from 0), why, and the sentence for people. */
export interface RecordError {
  readonly record: number;
  readonly code: Code;
  readonly detail: string;
}

/** What became of the records of one frame. At most MAX_REJECTS_TOLD errors; `more` counts those not told. */
export interface IngestResult {
  accepted: number;
  rejected: number;
  errors: RecordError[];
  more: number;
}

const SYNTAX = codeNumber('json.syntax');
const UTF8 = codeNumber('json.utf8');

/**
 * The HTTP reply. `refusal` = number of the code for which the whole frame was refused, else 0; `json` = the body was
 * `application/json`: only then broken syntax or UTF-8 is a fault of the request (400, RFC 9457 problem), while a
 * refused line of NDJSON is one of many (202). Member order is fixed.
 */
export function httpReply(
  result: IngestResult,
  refusal: number,
  json: boolean,
): { status: 202 | 400; body: string } {
  const { accepted, rejected, errors, more } = result;
  if (json && (refusal === SYNTAX || refusal === UTF8)) {
    const first = errors[0];
    assert(first !== undefined, 'a refused frame tells its refusal');
    const title = refusal === SYNTAX ? 'The body is not valid JSON' : 'The body is not valid UTF-8';
    const problem = { type: 'about:blank', title, status: 400, code: first.code, detail: first.detail };
    return { status: 400, body: JSON.stringify(problem) };
  }
  const told = errors.map(({ record, code, detail }) => ({ record, code, detail }));
  return { status: 202, body: JSON.stringify({ accepted, rejected, errors: told, more }) };
}
