// What a JSON document says of itself, from its members beside the events. They are kept until the document ends, since the
// context that gives their prefixes a meaning may stand behind them.

import { type DocumentHead, MAX_MASTER_ELEMENTS, type MasterElement, type Statement } from '../model.ts';
import { type Context, resolve } from './context.ts';
import { isList, type Json, JsonObject, scalarOf, textOf } from './tree.ts';

/** Namespace of GS1 US for healthcare, without what may stand at its end. */
const HEALTHCARE = 'http://epcis.gs1us.org/hc/ns';

export interface HeadParts {
  readonly members: ReadonlyMap<string, Json>;
  readonly context: Context;
  readonly hasContext: boolean;
  readonly hasList: boolean;
  readonly root: DocumentHead['root'];
  readonly events: number;
}

/** Members of the document that say something of it; the healthcare ones may have any prefix. */
const MEMBERS = new Set(['type', 'isA', 'schemaVersion', 'creationDate', 'sender', 'receiver']);
for (const name of ['instanceIdentifier', 'epcisHeader']) MEMBERS.add(name);

/** Whether a member is kept until the document ends: one that is not says nothing here, however large it is. */
export function isOfHead(name: string): boolean {
  return MEMBERS.has(name) || /:(?:guidelineVersion|dscsaTransactionStatement)$/.test(name);
}

export function readHead(parts: HeadParts): DocumentHead {
  const { members, context } = parts;
  const header = members.get('epcisHeader');
  const creationDate = textOf(members.get('creationDate'));
  return {
    form: 'json',
    root: parts.root,
    // A number is no version: 2.0 would be the version 2.
    schemaVersion: textOf(members.get('schemaVersion')),
    creationDate,
    sender: firstText(members.get('sender')),
    receiver: firstText(members.get('receiver')),
    instanceIdentifier: scalarOf(members.get('instanceIdentifier')),
    // JSON has no business document header: the time of creation is the document's.
    createdAt: creationDate,
    guidelineVersion: scalarOf(healthcare('guidelineVersion', header, members, context)),
    statement: readStatement(healthcare('dscsaTransactionStatement', header, members, context), context),
    masterData: header instanceof JsonObject ? readMasterData(header.get('epcisMasterData'), context) : [],
    events: parts.events,
    context: parts.hasContext,
    prefixes: context.declared,
    ...(parts.hasList ? {} : { noEventList: true as const }),
  };
}

function firstText(value: Json | undefined): string | null {
  return textOf(isList(value) ? value[0] : value);
}

/** Whether a name is this one of the healthcare namespace, declared or by its usual prefix. */
function isHealthcare(name: string, local: string, context: Context): boolean {
  if (name === `gs1ushc:${local}`) return true;
  const resolved = resolve(name, context.prefixes);
  return resolved.name === local && resolved.ns.replace(/[:/#]$/, '') === HEALTHCARE;
}

/** A member of the header, or else of the document. */
function healthcare(
  local: string,
  header: Json | undefined,
  members: ReadonlyMap<string, Json>,
  context: Context,
): Json | undefined {
  return (
    (header instanceof JsonObject ? member(header, local, context) : undefined) ??
    [...members].find(([name]) => isHealthcare(name, local, context))?.[1]
  );
}

function member(object: JsonObject, local: string, context: Context): Json | undefined {
  const at = object.names.findIndex((name) => name === local || isHealthcare(name, local, context));
  return at < 0 ? undefined : object.values[at];
}

function readStatement(value: Json | undefined, context: Context): Statement | null {
  if (!(value instanceof JsonObject)) return null;
  return {
    affirmed: scalarOf(member(value, 'affirmTransactionStatement', context)),
    legalNotice: scalarOf(member(value, 'legalNotice', context)),
  };
}

function readMasterData(value: Json | undefined, context: Context): MasterElement[] {
  const found: MasterElement[] = [];
  for (const vocabulary of objectsOf(value, 'vocabularyList')) {
    const type = textOf(vocabulary.get('type') ?? vocabulary.get('isA')) ?? '';
    for (const element of objectsOf(vocabulary, 'vocabularyElementList')) {
      if (found.length === MAX_MASTER_ELEMENTS) return found;
      const attributes = objectsOf(element, 'attributes').map(
        (each) =>
          [
            attributeName(textOf(each.get('id')) ?? '', context),
            scalarOf(each.get('attribute')) ?? '',
          ] as const,
      );
      found.push({ vocabulary: type, id: textOf(element.get('id')) ?? '', attributes });
    }
  }
  return found;
}

function objectsOf(value: Json | undefined, name: string): JsonObject[] {
  const list = value instanceof JsonObject ? value.get(name) : undefined;
  return isList(list) ? list.filter((item) => item instanceof JsonObject) : [];
}

/** `cbvmda:name` and `urn:epcglobal:cbv:mda#name` → `name`; another name whole. */
function attributeName(name: string, context: Context): string {
  const resolved = resolve(name, context.prefixes);
  return /^(?:urn:epcglobal:cbv:mda[#:]?)([^#:]+)$/.exec(resolved.ns + resolved.name)?.[1] ?? name;
}
