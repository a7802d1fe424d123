// Extensions and ILMD in the pre-hash: each element with its namespace, its value and its children, sorted as text.

import { compareBytes } from '../byte-order.ts';
import type { Extension } from '../model.ts';
import type { Values } from './values.ts';

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

/** `{namespace}local` */
function qualified(ext: Extension): string {
  return ext.ns === '' ? ext.name : `{${ext.ns}}${ext.name}`;
}

/** The elements, sorted and joined. */
export function genericText(list: readonly Extension[], values: Values): string {
  if (list.length === 0) return '';
  return sortedText(list.filter((ext) => !isSchemaType(ext)).map((ext) => elementText(ext, values)));
}

export function elementText(ext: Extension, values: Values): string {
  const text = ext.value === '' ? '' : `=${values.text(ext.value)}`;
  return qualified(ext) + text + genericText(ext.children, values);
}

/** Characters whose order among themselves is another in UTF-16 than in UTF-8. */
const HIGH = /[\ud800-\uffff]/;

/** The parts in the order of their bytes, joined. */
export function sortedText(parts: string[]): string {
  if (parts.length < 2) return parts[0] ?? '';
  // The engine's own order is many times faster, and the same for all that is usual.
  const text = parts.sort().join('');
  return HIGH.test(text) ? parts.sort(compareBytes).join('') : text;
}

/** `xsi:type` says how to read a value and is none; GS1's examples of equal events have it on one side only. */
function isSchemaType(ext: Extension): boolean {
  return ext.attribute === true && ext.ns === XSI && ext.name === 'type';
}
