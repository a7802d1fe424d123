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

export function sortedText(parts: string[]): string {
  return parts.length < 2 ? (parts[0] ?? '') : parts.sort(compareBytes).join('');
}

/** `xsi:type` says how to read a value and is none; GS1's examples of equal events have it on one side only. */
function isSchemaType(ext: Extension): boolean {
  return ext.attribute === true && ext.ns === XSI && ext.name === 'type';
}
