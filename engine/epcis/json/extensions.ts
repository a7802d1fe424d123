// Members of other namespaces as the trees of the model: an object's members are children, an array repeats its member.

import type { Extension } from '../model.ts';
import { resolve } from './context.ts';
import { isList, type Json, JsonObject, scalarOf } from './tree.ts';

/** Comments are for people: they are read by nobody, wherever they stand. */
export function isComment(name: string): boolean {
  return name === 'comment' || name === 'rdfs:comment';
}

/** Adds the member, once for each item of an array. */
export function addExtension(
  out: Extension[],
  name: string,
  value: Json,
  prefixes: ReadonlyMap<string, string>,
): void {
  if (isList(value)) {
    for (const item of value) addExtension(out, name, item, prefixes);
    return;
  }
  // Written out: a spread for each member shows in a profile.
  const { ns, name: local } = resolve(name, prefixes);
  if (value instanceof JsonObject) out.push({ ns, name: local, ...inner(value, prefixes) });
  else out.push({ ns, name: local, value: scalarOf(value) ?? String(value), children: [] });
}

/** `@value` (JSON-LD) and `#text` (documents made from XML) are the text; `@type` says of what type it is. */
function inner(
  object: JsonObject,
  prefixes: ReadonlyMap<string, string>,
): { value: string; children: Extension[] } {
  let value = '';
  const children: Extension[] = [];
  object.names.forEach((name, at) => {
    const member = object.values[at] as Json;
    if (name === '#text' || name === '@value') {
      const parts: Extension[] = [];
      addExtension(parts, name, member, prefixes);
      value = parts[0]?.value ?? '';
    } else if (!isComment(name)) addExtension(children, name, member, prefixes);
  });
  return { value, children };
}

/**
 * For each extension that `addExtension` made of these members, in the same order: the steps to it in the document.
 */
export function extensionSteps(
  object: JsonObject,
  isExtension: (name: string) => boolean,
): (string | number)[][] {
  const found: (string | number)[][] = [];
  const walk = (value: Json | undefined, steps: (string | number)[]): void => {
    if (!isList(value)) found.push(steps);
    else for (const [at, item] of value.entries()) walk(item, [...steps, at]);
  };
  object.names.forEach((name, at) => {
    if (isExtension(name)) walk(object.values[at], [name]);
  });
  return found;
}

/** The members of an object within an extension that are its children. */
export function isChild(name: string): boolean {
  return name !== '#text' && name !== '@value' && !isComment(name);
}
