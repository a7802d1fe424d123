// Why a document is taken no further. Thrown through the parser, whose state is of no use afterwards, and caught by the reader.

/** Longest detail: names in it are the sender's and may be of any length. */
const MAX_DETAIL = 160;

export class Refusal extends Error {
  readonly code: string;
  readonly pointer: string;

  constructor(code: string, detail: string, pointer = '') {
    super(detail.length > MAX_DETAIL ? `${detail.slice(0, MAX_DETAIL)}…` : detail);
    this.code = code;
    this.pointer = pointer;
  }
}
