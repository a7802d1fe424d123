// A JSON value as it was sent: members in their order, numbers as their characters. JSON.parse keeps neither a number's
// digits nor a repeated name, and both matter here.

/** A number: its characters. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An object: `names[i]` has the value `values[i]`; no name twice. */
export class JsonObject {
  readonly names: string[] = [];
  readonly values: Json[] = [];

  get(name: string): Json | undefined {
    const at = this.names.indexOf(name);
    return at < 0 ? undefined : this.values[at];
  }
}

export type Json = string | boolean | null | JsonNumber | JsonObject | readonly Json[];

/** Whether it is an array: `Array.isArray` does not narrow a readonly one. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The string, without white space around it; null for anything else. */
export function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? trimmed(value) : null;
}

/** The string, or the characters of a number, `true` or `false`; null for anything else. */
export function scalarOf(value: Json | undefined): string | null {
  if (typeof value === 'string') return trimmed(value);
  if (value instanceof JsonNumber) return value.text;
  return typeof value === 'boolean' ? String(value) : null;
}

/** `trim`, but for what needs none, which is nearly all: a call into the engine for each string shows in a profile. */
export function trimmed(text: string): string {
  const length = text.length;
  if (length === 0) return text;
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(length - 1);
  return first > 0x20 && first < 0x80 && last > 0x20 && last < 0x80 ? text : text.trim();
}
