// The lists of ids of one event as serials, each split and sorted when it is first asked for, whoever asks.

import type { EventFields } from './model.ts';
import { type SerialList, serialList } from './serial-list.ts';

export type EpcList = 'epcList' | 'childEPCs' | 'inputEPCList' | 'outputEPCList';

export class EventSerials {
  readonly #fields: EventFields;
  readonly #lists = new Map<EpcList, SerialList | null>();

  constructor(fields: EventFields) {
    this.#fields = fields;
  }

  /** @returns null for a list whose ids differ in more than their serials */
  of(name: EpcList): SerialList | null {
    let list = this.#lists.get(name);
    if (list === undefined) {
      list = serialList(this.#fields[name]);
      this.#lists.set(name, list);
    }
    return list;
  }
}
