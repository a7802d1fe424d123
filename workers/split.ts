// A frame's payload taken apart into records (DESIGN.md §2, "What is a record in a frame"): the elements of one array,
// one JSON text, or lines. Where that cannot be done the whole frame is one refused record.

import { codeNumber } from '../engine/codes.ts';
import { FRAME_MODE } from '../engine/ring/frame.ts';
import { CR, LEFT_BRACKET, LF, SPACE, skipSpace, TAB, trimEnd } from './ascii.ts';
import { CHILD, KIND, Scan } from './scan.ts';
import { firstIllFormed } from './utf8.ts';

const UTF8 = codeNumber('json.utf8');
const SYNTAX = codeNumber('json.syntax');
const RECORDS = codeNumber('frame.records');

/** Depth is judged record by record, so the frame's own scan has no bound. */
const NO_BOUND = 0x7fffffff;

/** One split and its findings, used again and again. Members hold until the next `run`. */
export class Split {
  /** Code for which the whole frame is refused, 0 for none; and where in the bytes. */
  refusal = 0;
  offset = 0;
  /** The payload without the white space around it: the raw bytes of a frame that is refused whole. */
  start = 0;
  end = 0;
  /** Records and their bounds, without white space around them: record i is [bounds[2i], bounds[2i + 1]). */
  count = 0;
  bounds: Int32Array = new Int32Array(256);
  /** True when the UTF-8 of all records is known to be good. */
  wellFormed = false;
  readonly #scan = new Scan();

  /** Splits the payload [start, end) of a frame of the given FRAME_MODE into at most `maxRecords` records. */
  run(bytes: Uint8Array, start: number, end: number, mode: number, maxRecords: number): void {
    this.refusal = 0;
    this.count = 0;
    this.start = skipSpace(bytes, start, end);
    this.end = trimEnd(bytes, this.start, end);
    this.offset = this.start;
    this.wellFormed = true;
    if (this.start === this.end) return;
    const illFormed = firstIllFormed(bytes, this.start, this.end);
    this.wellFormed = illFormed < 0;
    const array = bytes[this.start] === LEFT_BRACKET;
    if (mode === FRAME_MODE.json || (mode === FRAME_MODE.auto && array))
      this.#text(bytes, illFormed, maxRecords);
    else this.#lines(bytes, maxRecords);
  }

  /** One JSON text: an array of records, or a record. */
  #text(bytes: Uint8Array, illFormed: number, maxRecords: number): void {
    const scan = this.#scan;
    if (illFormed >= 0) {
      this.#refuse(UTF8, illFormed);
    } else if (!scan.run(bytes, this.start, this.end, NO_BOUND)) {
      this.#refuse(SYNTAX, scan.fault);
    } else if (scan.kind !== KIND.array) {
      this.#record(this.start, this.end);
    } else if (scan.count > maxRecords) {
      this.#refuse(RECORDS, this.start);
    } else {
      for (let i = 0; i < scan.count; i++) {
        const at = i * CHILD.words;
        this.#record(scan.tape[at + CHILD.valueStart] as number, scan.tape[at + CHILD.valueEnd] as number);
      }
    }
  }

  /** Lines end at LF or with the frame. Blank ones are no records. */
  #lines(bytes: Uint8Array, maxRecords: number): void {
    let at = this.start;
    while (at < this.end) {
      let from = at;
      while (from < this.end && isBlank(bytes[from] as number)) from++;
      let lineEnd = from;
      while (lineEnd < this.end && bytes[lineEnd] !== LF) lineEnd++;
      at = lineEnd + 1;
      let to = lineEnd;
      while (to > from && isBlank(bytes[to - 1] as number)) to--;
      if (from === to) continue;
      if (this.count === maxRecords) {
        this.#refuse(RECORDS, this.start);
        return;
      }
      this.#record(from, to);
    }
  }

  #refuse(code: number, offset: number): void {
    this.refusal = code;
    this.offset = offset;
    this.count = 0;
  }

  #record(start: number, end: number): void {
    if (this.count * 2 === this.bounds.length) {
      const grown = new Int32Array(this.bounds.length * 2);
      grown.set(this.bounds);
      this.bounds = grown;
    }
    this.bounds[this.count * 2] = start;
    this.bounds[this.count * 2 + 1] = end;
    this.count++;
  }
}

/** White space inside a line: space, tab, CR. */
function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === CR;
}
