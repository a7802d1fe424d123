// A strict JSON parser (RFC 8259) for documents that firn takes apart itself: every refusal has a code and an offset,
// members come out on objects without a prototype, and nothing in the input can make it recurse.

import type { Code } from '../engine/codes.ts';
import { MAX_DEPTH } from '../engine/limits.ts';
import {
  COLON,
  COMMA,
  isSpace,
  LEFT_BRACE,
  LEFT_BRACKET,
  QUOTE,
  RIGHT_BRACE,
  RIGHT_BRACKET,
} from './ascii.ts';
import { closingQuote, type Inspection, inspect } from './duplicates.ts';
import { Scan } from './scan.ts';
import { decodeString, utf8Text } from './strings.ts';
import { firstIllFormed } from './utf8.ts';

/** A text that `parseJson` refuses. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
  readonly code: Code;
  /** Where in the bytes the fault is. */
  readonly offset: number;

  constructor(code: Code, offset: number) {
    super(`${code} at byte ${offset}`);
    this.code = code;
    this.offset = offset;
  }
}

/**
 * The value of one JSON text. Objects have no prototype, so `__proto__` is a member like any other; a number is the
 * nearest double.
 * @param maxDepth levels of nesting allowed; the outermost array or object is level 1.
 * @throws JsonError `json.utf8`, `json.syntax` (also a BOM), `json.depth`, `json.duplicate-member`,
 *   `json.lone-surrogate`, `number.overflow` (no double is near), told in this order.
 */
export function parseJson(bytes: Uint8Array, maxDepth: number = MAX_DEPTH): unknown {
  const illFormed = firstIllFormed(bytes, 0, bytes.length);
  if (illFormed >= 0) throw new JsonError('json.utf8', illFormed);
  const scan = new Scan();
  if (!scan.run(bytes, 0, bytes.length, maxDepth)) throw new JsonError('json.syntax', scan.fault);
  if (scan.deep >= 0) throw new JsonError('json.depth', scan.deep);
  const found: Inspection = { duplicate: -1, loneSurrogate: -1 };
  inspect(bytes, 0, bytes.length, found);
  if (found.duplicate >= 0) throw new JsonError('json.duplicate-member', found.duplicate);
  if (found.loneSurrogate >= 0) throw new JsonError('json.lone-surrogate', found.loneSurrogate);
  return build(bytes);
}

type Container = unknown[] | Record<string, unknown>;

/** The value of a text in which every rule but overflow has been checked. */
function build(bytes: Uint8Array): unknown {
  /** Holds the root as its only element, so that a value always has a place to go. */
  const root: unknown[] = [];
  const open: Container[] = [root];
  let name: string | null = null;
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    const into = open.at(-1) as Container;
    if (isSpace(byte) || byte === COLON || byte === COMMA) {
      at++;
    } else if (byte === RIGHT_BRACE || byte === RIGHT_BRACKET) {
      open.pop();
      at++;
    } else if (byte === QUOTE && name === null && !Array.isArray(into)) {
      const close = closingQuote(bytes, at + 1);
      name = decodeString(bytes, at + 1, close);
      at = close + 1;
    } else {
      const container = byte === LEFT_BRACE || byte === LEFT_BRACKET;
      const end = container ? at + 1 : scalarEnd(bytes, at);
      const value = container ? emptyContainer(byte) : scalar(bytes, at, end);
      if (Array.isArray(into)) into.push(value);
      else into[name as string] = value;
      name = null;
      if (container) open.push(value as Container);
      at = end;
    }
  }
  return root[0];
}

function emptyContainer(byte: number): Container {
  return byte === LEFT_BRACKET ? [] : (Object.create(null) as Record<string, unknown>);
}

function scalarEnd(bytes: Uint8Array, start: number): number {
  if (bytes[start] === QUOTE) return closingQuote(bytes, start + 1) + 1;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (isSpace(byte) || byte === COMMA || byte === RIGHT_BRACE || byte === RIGHT_BRACKET) break;
    at++;
  }
  return at;
}

function scalar(bytes: Uint8Array, start: number, end: number): unknown {
  switch (bytes[start]) {
    case QUOTE:
      return decodeString(bytes, start + 1, end - 1);
    case 0x74:
      return true;
    case 0x66:
      return false;
    case 0x6e:
      return null;
    default: {
      const value = Number(utf8Text(bytes, start, end));
      if (!Number.isFinite(value)) throw new JsonError('number.overflow', start);
      return value;
    }
  }
}
