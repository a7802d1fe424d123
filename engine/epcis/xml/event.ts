// An event's element to the fields of the model. Whatever keeps a field from being read is told as a fault of shape; what a
// field must say is for the rules.

import type { EventFields, Extension } from '../model.ts';
import { EXTENSION_RANK, JUDGED_ELSEWHERE, RANKS, SHAPES } from './fields.ts';
import { isStandard, isWrapper, type XmlNode, XSI } from './node.ts';
import {
  attributeExtension,
  epcs,
  errorDeclaration,
  extension,
  ilmd,
  persistent,
  place,
  quantities,
  repeated,
  sensors,
  typedIds,
} from './parts.ts';
import { Faults, short } from './shape.ts';

type Draft = { -readonly [Key in keyof EventFields]: EventFields[Key] };

const READERS = {
  epcs,
  quantities,
  typed: typedIds,
  place,
  sensors,
  persistent,
  ilmd,
  error: errorDeclaration,
} as const;

/** Attributes of a document: an event that is sent on its own carries them. */
const DOCUMENT_ATTRIBUTES = new Set(['schemaVersion', 'creationDate']);

export interface MappedEvent {
  readonly fields: EventFields;
  readonly faults: Faults['list'];
}

/** @param isRoot true for an event that is sent without a document. */
export function mapEvent(node: XmlNode, isRoot: boolean): MappedEvent {
  return new EventMapper(node, isRoot).map();
}

class EventMapper {
  readonly #node: XmlNode;
  readonly #isRoot: boolean;
  readonly #faults = new Faults();
  readonly #ext: Extension[] = [];
  readonly #fields: Record<string, unknown> = {};
  readonly #ranks: ReadonlyMap<string, number> | undefined;
  #rank = 0;
  #disordered = false;

  constructor(node: XmlNode, isRoot: boolean) {
    this.#node = node;
    this.#isRoot = isRoot;
    this.#ranks = RANKS.get(node.name.local);
  }

  map(): MappedEvent {
    this.#faults.form(this.#node, []);
    this.#faults.container(this.#node, []);
    for (const attribute of this.#node.attributes) {
      const { name } = attribute;
      if (name.ns === XSI) {
        continue;
      }
      if (name.ns !== '') {
        this.#ext.push(attributeExtension(attribute));
      } else if (!(this.#isRoot && DOCUMENT_ATTRIBUTES.has(name.local))) {
        this.#faults.unknown([name.local], name.raw);
      }
    }
    this.#children(this.#node, false);
    this.#fields['ext'] = this.#ext;
    return { fields: this.#fields as unknown as Draft, faults: this.#faults.list };
  }

  /** @param inBase true within `baseExtension`, where extensions stand in front of fields. */
  #children(node: XmlNode, inBase: boolean): void {
    for (const child of node.children) {
      if (isWrapper(child.name)) {
        this.#faults.form(child, []);
        this.#faults.container(child, []);
        this.#children(child, inBase || child.name.local === 'baseExtension');
      } else if (isStandard(child.name)) {
        this.#field(child);
      } else {
        if (!inBase) {
          this.#rank = EXTENSION_RANK;
        }
        this.#ext.push(extension(child));
      }
    }
  }

  #field(child: XmlNode): void {
    const { local } = child.name;
    const path = [local];
    const shape = SHAPES.get(local);
    const ranks = this.#ranks;
    if (shape === undefined) {
      // What a type had that EPCIS 2.0 does not know is told by the rule of types.
      if (ranks !== undefined) {
        this.#faults.unknown(path, child.name.raw);
      }
      return;
    }
    this.#faults.form(child, path);
    const rank = ranks?.get(local);
    if (rank !== undefined) {
      this.#order(rank, child);
    } else if (ranks !== undefined && !JUDGED_ELSEWHERE.has(local)) {
      this.#faults.add('S13_UNKNOWN_FIELD', path, `${short(this.#node.name.local)} has no ${local}.`);
    }
    if (shape === 'texts') {
      const list = (this.#fields[local] as string[] | undefined) ?? [];
      list.push(this.#faults.leaf(child, [local, list.length]));
      this.#fields[local] = list;
    } else if (this.#fields[local] !== undefined) {
      repeated(child, path, this.#faults);
    } else if (shape === 'text') {
      this.#fields[local] = this.#faults.leaf(child, path);
    } else {
      this.#fields[local] = READERS[shape](child, path, this.#faults);
    }
  }

  /** Tells the first field that comes later than the schema has it. */
  #order(rank: number, child: XmlNode): void {
    if (rank < this.#rank && !this.#disordered) {
      this.#disordered = true;
      this.#faults.late(child, [child.name.local]);
    }
    this.#rank = Math.max(this.#rank, rank);
  }
}
