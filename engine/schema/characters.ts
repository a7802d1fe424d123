// Character classes of string fields: the inside of a bracket expression, ASCII, as in `A-Z0-9-`. Read by hand, so that
// both codec twins, the JSON Schema and the check mean the same by it.

import { ConfigError } from '../errors.ts';

const DELETE = 0x7f;

/** One flag per byte 0–127: 1 = allowed. What every string field allows: all but control characters (FORMAT.md §2). */
export function anyCharacter(): Uint8Array {
  const allowed = new Uint8Array(128).fill(1, 0x20);
  allowed[DELETE] = 0;
  return allowed;
}

/**
 * The characters that a class body names: single ones, ranges `a-z`, a backslash before `\`, `]`, `[`, `^` or `-` for
 * the character itself; a hyphen first or last is a hyphen.
 * @returns one flag per byte 0–127.
 * @throws ConfigError when the body is no such class.
 */
export function characterClass(body: string): Uint8Array {
  const allowed = new Uint8Array(128);
  if (body.length === 0) throw new ConfigError('"characters" is empty');
  let at = 0;
  while (at < body.length) {
    const [low, afterLow] = item(body, at);
    at = afterLow;
    let high = low;
    if (body[at] === '-' && at + 1 < body.length) {
      [high, at] = item(body, at + 1);
      if (high < low)
        throw new ConfigError(`"characters": a range of ${JSON.stringify(body)} runs backwards`);
    }
    allowed.fill(1, low, high + 1);
  }
  return allowed;
}

/** The character at `at` and the position after it. */
function item(body: string, at: number): [code: number, next: number] {
  const escaped = body[at] === '\\';
  const position = escaped ? at + 1 : at;
  const character = body[position] ?? '';
  const fits = escaped
    ? /^[\\\][^-]$/.test(character)
    : /^[\x20-\x7e]$/.test(character) && !/[\][^]/.test(character);
  // An unescaped hyphen is itself only at either end; in the middle it makes a range.
  const hyphen = !escaped && character === '-' && at !== 0 && at !== body.length - 1;
  if (!fits || hyphen) {
    throw new ConfigError(
      `"characters": ${JSON.stringify(body)} is not a list of printable ASCII characters and ranges like A-Z0-9-`,
    );
  }
  return [character.charCodeAt(0), position + 1];
}
