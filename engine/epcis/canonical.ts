// An event in the form in which it is one event however it was written (`firn.event/1`): XML or JSON, URN or Digital Link,
// any order, any time zone. Its digest is what makes a capture idempotent; nothing that distinguishes events is lost here.

import { canonicalise as toJcs } from '../../workers/canonicalise.ts';
import { compareBytes, sortedSet } from './byte-order.ts';
import { canonicalExtensions, canonicalIlmd } from './canonical-extensions.ts';
import {
  type Distinct,
  idOrNull,
  type Reading,
  readObjects,
  readQuantities,
  readTyped,
  textOf,
} from './canonical-ids.ts';
import { writeEvent } from './canonical-json.ts';
import { canonicalSensors } from './canonical-sensors.ts';
import { bareWord, type Vocabulary } from './cbv.ts';
import { eventHash } from './digest.ts';
import { EventSerials } from './event-serials.ts';
import { shown } from './identifiers/identifier.ts';
import { isLot } from './identifiers/keys.ts';
import { readIdentifier } from './identifiers/read.ts';
import type { Canonical, CanonicalEvent, EventValues, KeyRow, Profile } from './judged.ts';
import type { ShapeFault, SourceEvent } from './model.ts';
import { canonicalTime } from './time.ts';

export interface CanonicalOptions {
  readonly profile: Profile;
  /** The `ni:` hash of the event. */
  readonly ni: (event: SourceEvent, serials: EventSerials) => string;
}

export interface Canonicalised {
  /** Null only where a text of the event is no text: a lone surrogate. */
  readonly canonical: Canonical | null;
  /** Faults of identifiers, with their places. */
  readonly faults: readonly ShapeFault[];
  /** How many different ids each list of objects has. */
  readonly distinct: Distinct;
}

/** First letter of the fifth column of the composite key. */
const TYPE_LETTERS: Readonly<Record<string, string>> = {
  ObjectEvent: 'O',
  AggregationEvent: 'A',
  TransactionEvent: 'T',
  TransformationEvent: 'X',
  AssociationEvent: 'C',
};

/**
 * The canonical form of an event, its digests and its rows. Values that are wrong stay as they were sent, trimmed, so that
 * a refused event can be shown: which they are is in `faults` and in the findings of other rules.
 */
export function canonicalise(event: SourceEvent, options: CanonicalOptions): Canonicalised {
  const reading: Reading = {
    event,
    profile: options.profile,
    faults: [],
    distinct: {},
    serials: new EventSerials(event.fields),
  };
  const { faults, distinct } = reading;
  try {
    return { canonical: canonicalOf(reading, options), faults, distinct };
  } catch (error) {
    if (error instanceof TypeError && /lone surrogate/.test(error.message))
      return { canonical: null, faults, distinct };
    throw error;
  }
}

function canonicalOf(reading: Reading, options: CanonicalOptions): Canonical {
  const { event } = reading;
  const { rows, form, epcsText } = formOf(reading);
  const sensors = form.sensors.length === 0 ? '[]' : toJcs(form.sensors);
  const written = writeEvent(form, sensors, epcsText);
  // JSON.stringify writes a lone surrogate as an escape; the general writer refuses it.
  if (written.json.includes('\\ud')) toJcs(JSON.parse(written.json));
  const ni = options.ni(event, reading.serials);
  const declaration = form.errorDeclaration;
  return {
    event: form,
    json: written.json,
    hash: eventHash(written.undeclared),
    declaredAt:
      declaration === null || declaration.declarationTime === '' ? null : declaration.declarationTime,
    ni,
    eventId: textOf(event.fields.eventID) ?? ni,
    rows,
    disc: discOf(form),
  };
}

/** `O.ADD.commissioning`: type, action, business step; `!` behind it for an error declaration. */
export function discOf(form: EventValues): string {
  const letter = TYPE_LETTERS[form.type] ?? form.type;
  return `${letter}.${form.action ?? ''}.${form.bizStep ?? ''}${form.errorDeclaration === null ? '' : '!'}`;
}

interface Form {
  readonly form: EventValues;
  readonly rows: readonly KeyRow[];
  /** JCS text of `epcs`. */
  readonly epcsText: string;
}

function formOf(reading: Reading): Form {
  const { event } = reading;
  const { fields, prefixes } = event;
  const word = (vocabulary: Vocabulary, sent: string | undefined): string | null => {
    const text = textOf(sent);
    return text === null ? null : bareWord(vocabulary, text, prefixes);
  };
  const { rows, text: epcsText } = readObjects(reading);
  const quantities = readQuantities(reading, rows);
  const lasting = fields.persistentDisposition;
  const form: EventValues = {
    action: textOf(fields.action),
    bizLocation: idOrNull(reading, fields.bizLocation?.id, 'place', ['bizLocation', 'id']),
    bizStep: word('bizStep', fields.bizStep),
    bizTransactions: readTyped(reading, 'bizTransactionList', 'bizTransaction'),
    certificationInfo: textSet(fields.certificationInfo, (text) => readIdentifier(text).canonical),
    destinations: readTyped(reading, 'destinationList', 'sourceDest'),
    disposition: word('disposition', fields.disposition),
    errorDeclaration: errorOf(reading),
    eventTime: timeOf(fields.eventTime),
    eventTimeZoneOffset: textOf(fields.eventTimeZoneOffset) ?? '',
    // Hosts in the order of their bytes: with each list sorted, the whole is.
    ext: [
      ...canonicalExtensions(fields.ext, ''),
      ...canonicalExtensions(fields.bizLocation?.ext ?? [], 'bizLocation'),
      ...canonicalExtensions(fields.readPoint?.ext ?? [], 'readPoint'),
    ],
    ilmd: ilmdOf(reading),
    persistentDisposition: {
      set: textSet(lasting?.set, (text) => bareWord('disposition', text, prefixes)),
      unset: textSet(lasting?.unset, (text) => bareWord('disposition', text, prefixes)),
    },
    quantities,
    readPoint: idOrNull(reading, fields.readPoint?.id, 'place', ['readPoint', 'id']),
    sensors: canonicalSensors(fields.sensorElementList ?? [], prefixes),
    sources: readTyped(reading, 'sourceList', 'sourceDest'),
    transformationID: idOrNull(reading, fields.transformationID, 'transaction', ['transformationID']),
    type: event.type,
    v: 1,
  };
  return { form, rows, epcsText };
}

function timeOf(sent: string | undefined): string {
  const text = textOf(sent) ?? '';
  return canonicalTime(text) ?? text;
}

/** A list of texts as a set; empty ones are no members of it. */
function textSet(
  sent: readonly string[] | undefined,
  canonical: (text: string) => string,
): readonly string[] {
  const texts = (sent ?? []).map((each) => each.trim()).filter((text) => text !== '');
  return sortedSet(texts.map(canonical), compareBytes);
}

function errorOf(reading: Reading): CanonicalEvent['errorDeclaration'] {
  const sent = reading.event.fields.errorDeclaration;
  if (sent === undefined) return null;
  const reason = textOf(sent.reason);
  return {
    correctiveEventIDs: textSet(sent.correctiveEventIDs, (text) => text),
    declarationTime: timeOf(sent.declarationTime),
    ext: canonicalExtensions(sent.ext, ''),
    reason: reason === null ? null : bareWord('errorReason', reason, reading.event.prefixes),
  };
}

function ilmdOf(reading: Reading): CanonicalEvent['ilmd'] {
  const { ilmd, lotAt } = canonicalIlmd(reading.event.fields.ilmd ?? []);
  if (ilmd.lotNumber !== null && !isLot(ilmd.lotNumber))
    reading.faults.push({
      code: 'I08_LOT_SYNTAX',
      path: ['ilmd', lotAt],
      detail: `lot ${shown(ilmd.lotNumber)}`,
    });
  return ilmd;
}
