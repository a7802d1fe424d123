// Faults of shape, collected while an event is mapped: bounded, because an event may have as many as it has elements.

import type { ShapeFault, Step } from '../model.ts';
import { isStandard, strayAttributes, type XmlNode } from './node.ts';

/** Faults kept of one event; one is enough to refuse it. */
const MAX_FAULTS = 100;

export class Faults {
  readonly list: ShapeFault[] = [];
  #qualified = false;

  add(code: string, path: readonly Step[], detail: string): void {
    if (this.list.length < MAX_FAULTS) {
      this.list.push({ code, path, detail });
    }
  }

  /** An element that comes too late: the schema refuses it in every profile, where a namespace too many is borne with. */
  late(node: XmlNode, path: readonly Step[]): void {
    const detail = `${short(node.name.raw)} comes later than the schema has it.`;
    if (this.list.length < MAX_FAULTS) {
      this.list.push({ code: 'S21_XML_FORM', path, detail, severity: 'reject' });
    }
  }

  /** An element or attribute that EPCIS does not define and that is in no namespace. */
  unknown(path: readonly Step[], name: string): void {
    this.add('S13_UNKNOWN_FIELD', path, `${short(name)} is not a field of EPCIS.`);
  }

  /** Tells once an event of an element of EPCIS that has a namespace although the schema wants none. */
  form(node: XmlNode, path: readonly Step[]): void {
    if (!this.#qualified && node.name.ns !== '' && isStandard(node.name)) {
      this.#qualified = true;
      this.add(
        'S21_XML_FORM',
        path,
        `${short(node.name.raw)} is in a namespace: elements of EPCIS are in none.`,
      );
    }
  }

  /** The text of an element that has nothing else. */
  leaf(node: XmlNode, path: readonly Step[], attribute?: string, code = 'S13_UNKNOWN_FIELD'): string {
    for (const { name } of strayAttributes(node, attribute)) {
      this.add(code, [...path, name.local], `${short(node.name.raw)} has no attribute ${short(name.raw)}.`);
    }
    if (node.children.length > 0) {
      this.add('S23_VALUE_TYPE', path, `${short(node.name.raw)} takes text and no elements.`);
    }
    return node.value;
  }

  /** An element that takes elements, and neither attributes nor text. */
  bare(node: XmlNode, path: readonly Step[]): void {
    for (const { name } of strayAttributes(node)) {
      this.unknown([...path, name.local], name.raw);
    }
    this.container(node, path);
  }

  /** An element that takes elements and no text. */
  container(node: XmlNode, path: readonly Step[]): void {
    if (node.value !== '') {
      this.add('S23_VALUE_TYPE', path, `${short(node.name.raw)} takes elements and no text.`);
    }
  }
}

/** A name of the sender's, fit for a detail. */
export function short(name: string): string {
  return name.length > 40 ? `${name.slice(0, 40)}…` : name;
}
