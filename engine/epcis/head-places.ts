// Where what a document says of itself lies in it: pointers of findings that are of no event.

import type { DocumentHead } from './model.ts';

/** A JSON Pointer and an XPath each. */
const PLACES = {
  document: ['', ''],
  context: ['/@context', ''],
  schemaVersion: ['/schemaVersion', '/*/@schemaVersion'],
  creationDate: ['/creationDate', '/*/@creationDate'],
  sender: ['/sender', '/*/EPCISHeader/*[1]/*[local-name()="Sender"]/*[1]'],
  receiver: ['/receiver', '/*/EPCISHeader/*[1]/*[local-name()="Receiver"]/*[1]'],
  eventList: ['/epcisBody', '/*/EPCISBody'],
  header: ['/epcisHeader', '/*/EPCISHeader'],
  masterData: ['/epcisHeader/epcisMasterData', '/*/EPCISHeader/extension/EPCISMasterData'],
} as const;

export type HeadField = keyof typeof PLACES;

/** JSON Pointer or XPath of a field of the head, as the form of its document has it. */
export function placeInHead(field: HeadField, form: DocumentHead['form']): string {
  return PLACES[field][form === 'json' ? 0 : 1];
}
