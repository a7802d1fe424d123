// The structured fields of an event: each function takes an element and gives the field of the model, with faults of shape told
// on the way. Wrappers of EPCIS 1 are seen through everywhere.

import type {
  ErrorDeclaration,
  EventFields,
  Extension,
  Place,
  Quantity,
  SensorElement,
  SensorPart,
  Step,
  TypedId,
} from '../model.ts';
import { ITEMS, METADATA_FIELDS, REPORT_FIELDS } from './fields.ts';
import type { Attribute } from './names.ts';
import { flattened, isNil, isStandard, type XmlNode } from './node.ts';
import { type Faults, short } from './shape.ts';

type Path = readonly Step[];

/** An element in a namespace of its own, with all that is in it; attributes come first. */
export function extension(node: XmlNode): Extension {
  const children = flattened(node);
  return {
    ns: node.name.ns,
    name: node.name.local,
    value: node.value,
    children:
      children.length === 0 && node.attributes.length === 0
        ? NONE
        : [...node.attributes.map(attributeExtension), ...children.map(extension)],
  };
}

const NONE: readonly Extension[] = [];

export function attributeExtension({ name, value }: Attribute): Extension {
  return { ns: name.ns, name: name.local, value: value.trim(), children: NONE, attribute: true };
}

/** The items of a list, in order; anything else in it is a fault. */
function items(node: XmlNode, path: Path, faults: Faults): readonly XmlNode[] {
  const wanted = ITEMS.get(node.name.local);
  faults.bare(node, path);
  const children = flattened(node);
  if (children.every(({ name }) => name.local === wanted && name.ns === '')) {
    return children;
  }
  return children.filter((child) => {
    if (child.name.local === wanted && isStandard(child.name)) {
      faults.form(child, path);
      return true;
    }
    faults.unknown([...path, child.name.local], child.name.raw);
    return false;
  });
}

export function epcs(node: XmlNode, path: Path, faults: Faults): readonly string[] {
  return items(node, path, faults).map((item, index) =>
    item.attributes.length === 0 && item.children.length === 0
      ? item.value
      : faults.leaf(item, [...path, index]),
  );
}

export function quantities(node: XmlNode, path: Path, faults: Faults): readonly Quantity[] {
  return items(node, path, faults).map((item, index) => {
    const at = [...path, index];
    faults.bare(item, at);
    const quantity: { epcClass?: string; quantity?: string; uom?: string } = {};
    let rank = 0;
    for (const child of flattened(item)) {
      const { local } = child.name;
      if ((local !== 'epcClass' && local !== 'quantity' && local !== 'uom') || !isStandard(child.name)) {
        faults.add('S14_QUANTITY', [...at, local], `A quantityElement has no ${short(child.name.raw)}.`);
        continue;
      }
      faults.form(child, [...at, local]);
      rank = inOrder(['epcClass', 'quantity', 'uom'], child, rank, at, faults);
      if (quantity[local] !== undefined) {
        repeated(child, [...at, local], faults);
        continue;
      }
      const text = faults.leaf(child, [...at, local]);
      // xsi:nil is how XML says that there is none; a second one would still be one too many.
      if (!isNil(child)) quantity[local] = text;
    }
    return quantity;
  });
}

export function typedIds(node: XmlNode, path: Path, faults: Faults): readonly TypedId[] {
  return items(node, path, faults).map((item, index) => {
    const id = faults.leaf(item, [...path, index], 'type', 'S15_SOURCE_DEST');
    const type = item.attributes.find(({ name }) => name.raw === 'type');
    return type === undefined ? { id } : { type: type.value.trim(), id };
  });
}

export function place(node: XmlNode, path: Path, faults: Faults): Place {
  faults.bare(node, path);
  let id: string | undefined;
  const ext: Extension[] = [];
  for (const child of flattened(node)) {
    const at = [...path, child.name.local];
    if (!isStandard(child.name)) {
      ext.push(extension(child));
    } else if (child.name.local !== 'id') {
      faults.unknown(at, child.name.raw);
    } else if (id !== undefined) {
      repeated(child, at, faults);
    } else {
      faults.form(child, at);
      id = faults.leaf(child, at);
    }
  }
  return id === undefined ? { ext } : { id, ext };
}

export function persistent(
  node: XmlNode,
  path: Path,
  faults: Faults,
): NonNullable<EventFields['persistentDisposition']> {
  faults.bare(node, path);
  const lists: { set?: string[]; unset?: string[] } = {};
  let rank = 0;
  for (const child of flattened(node)) {
    const { local } = child.name;
    if ((local !== 'set' && local !== 'unset') || !isStandard(child.name)) {
      faults.unknown([...path, local], child.name.raw);
      continue;
    }
    faults.form(child, path);
    rank = inOrder(['unset', 'set'], child, rank, path, faults);
    lists[local] ??= [];
    lists[local].push(faults.leaf(child, [...path, local, lists[local].length]));
  }
  return lists;
}

export function errorDeclaration(node: XmlNode, path: Path, faults: Faults): ErrorDeclaration {
  faults.container(node, path);
  const fields: { declarationTime?: string; reason?: string } = {};
  let correctiveEventIDs: string[] | undefined;
  const ext: Extension[] = [...node.attributes.map(attributeExtension)];
  let rank = 0;
  for (const child of flattened(node)) {
    const { local } = child.name;
    const at = [...path, local];
    if (!isStandard(child.name)) {
      ext.push(extension(child));
      continue;
    }
    faults.form(child, at);
    rank = inOrder(['declarationTime', 'reason', 'correctiveEventIDs'], child, rank, path, faults);
    if (local === 'declarationTime' || local === 'reason') {
      if (fields[local] !== undefined) {
        repeated(child, at, faults);
      } else {
        fields[local] = faults.leaf(child, at);
      }
    } else if (local !== 'correctiveEventIDs') {
      faults.unknown(at, child.name.raw);
    } else if (correctiveEventIDs !== undefined) {
      repeated(child, at, faults);
    } else {
      correctiveEventIDs = corrective(child, at, faults);
    }
  }
  return { ...fields, correctiveEventIDs: correctiveEventIDs ?? [], ext };
}

function corrective(node: XmlNode, path: Path, faults: Faults): string[] {
  faults.bare(node, path);
  const ids: string[] = [];
  for (const child of flattened(node)) {
    if (child.name.local === 'correctiveEventID' && isStandard(child.name)) {
      faults.form(child, path);
      ids.push(faults.leaf(child, [...path, ids.length]));
    } else {
      faults.unknown([...path, child.name.local], child.name.raw);
    }
  }
  return ids;
}

export function sensors(node: XmlNode, path: Path, faults: Faults): readonly SensorElement[] {
  return items(node, path, faults).map((item, index) => {
    const at = [...path, index];
    faults.container(item, at);
    let metadata: SensorPart | null = null;
    const reports: SensorPart[] = [];
    const ext: Extension[] = [...item.attributes.map(attributeExtension)];
    let rank = 0;
    for (const child of flattened(item)) {
      if (!isStandard(child.name)) {
        ext.push(extension(child));
        continue;
      }
      faults.form(child, at);
      rank = inOrder(['sensorMetadata', 'sensorReport'], child, rank, at, faults);
      if (child.name.local === 'sensorReport') {
        reports.push(sensorPart(child, REPORT_FIELDS, [...at, 'reports', reports.length], faults));
      } else if (child.name.local !== 'sensorMetadata') {
        faults.unknown([...at, child.name.local], child.name.raw);
      } else if (metadata !== null) {
        repeated(child, [...at, 'metadata'], faults);
      } else {
        metadata = sensorPart(child, METADATA_FIELDS, [...at, 'metadata'], faults);
      }
    }
    return { metadata, reports, ext };
  });
}

/** Attributes that EPCIS defines are fields. Text is let be: the schema allows it and gives it no meaning. */
function sensorPart(node: XmlNode, known: ReadonlySet<string>, path: Path, faults: Faults): SensorPart {
  const fields: Record<string, string> = {};
  const ext: Extension[] = [];
  for (const attribute of node.attributes) {
    const { name } = attribute;
    if (name.ns !== '') {
      ext.push(attributeExtension(attribute));
    } else if (known.has(name.local)) {
      fields[name.local] = attribute.value.trim();
    } else {
      faults.unknown([...path, name.local], name.raw);
    }
  }
  for (const child of flattened(node)) {
    if (isStandard(child.name)) {
      faults.unknown([...path, child.name.local], child.name.raw);
    } else {
      ext.push(extension(child));
    }
  }
  return { fields, ext };
}

export function ilmd(node: XmlNode, path: Path, faults: Faults): readonly Extension[] {
  faults.container(node, path);
  const list: Extension[] = node.attributes.map(attributeExtension);
  for (const child of flattened(node)) {
    if (isStandard(child.name)) {
      faults.add(
        'S13_UNKNOWN_FIELD',
        [...path, list.length],
        `${short(child.name.raw)} in ilmd must be in a namespace of its own.`,
      );
    }
    list.push(extension(child));
  }
  return list;
}

/** @returns the place of `child` in `order`, having told where it comes too late. */
function inOrder(order: readonly string[], child: XmlNode, rank: number, path: Path, faults: Faults): number {
  const own = order.indexOf(child.name.local);
  if (own >= 0 && own < rank) {
    faults.late(child, [...path, child.name.local]);
  }
  return Math.max(own, rank);
}

export function repeated(child: XmlNode, path: Path, faults: Faults): void {
  faults.add('S23_VALUE_TYPE', path, `${short(child.name.raw)} is there more than once.`);
}
