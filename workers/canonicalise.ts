// JCS, the one canonical form of a JSON value (RFC 8785): members sorted by UTF-16 code units, no white space, numbers
// and strings as ECMAScript writes them. Every JSON text that firn signs, hashes or files goes through here or, for the
// records on the hot path, through `entries.ts`, which must give the same bytes.

/** Nesting past which a value is taken for a cycle; far above what any document of the lake or EPCIS has. */
const MAX_LEVELS = 1000;

/** A surrogate without its partner; with the `u` flag a proper pair is one code point and does not match. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The JCS text of a JSON value: null, boolean, finite number, well-formed string, array, or object with the prototype
 * `Object.prototype` or null (own enumerable string-named members; a `toJSON` is data like any other member).
 * @throws TypeError for what JSON cannot say: undefined (also as a member or a hole), NaN, infinities, lone surrogates,
 *   bigint, functions, symbols, other objects, and nesting past 1,000 levels (a cycle).
 */
export function canonicalise(value: unknown): string {
  return write(value, 1);
}

function write(value: unknown, level: number): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      // RFC 8785 §3.2.2.3: Number::toString of ECMAScript; it writes -0 as 0.
      if (!Number.isFinite(value)) throw new TypeError(`JSON has no ${value}`);
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (level > MAX_LEVELS) throw new TypeError(`nested deeper than ${MAX_LEVELS} levels`);
      return Array.isArray(value) ? writeArray(value, level) : writeObject(value, level);
    default:
      throw new TypeError(`JSON has no ${typeof value}`);
  }
}

/** A JSON string literal with the escapes of RFC 8785 §3.2.2.2, which are those of `JSON.stringify`. */
export function quote(text: string): string {
  if (LONE_SURROGATE.test(text)) throw new TypeError('a string holds a lone surrogate');
  return JSON.stringify(text);
}

function writeArray(array: readonly unknown[], level: number): string {
  let text = '[';
  for (let i = 0; i < array.length; i++) {
    if (i > 0) text += ',';
    text += write(array[i], level + 1);
  }
  return `${text}]`;
}

function writeObject(object: object, level: number): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError('JSON has plain objects only');
  const members = object as Record<string, unknown>;
  let text = '{';
  // The default order of sort() is by UTF-16 code units: RFC 8785 §3.2.3.
  for (const name of Object.keys(members).sort()) {
    if (text.length > 1) text += ',';
    text += `${quote(name)}:${write(members[name], level + 1)}`;
  }
  return `${text}}`;
}
