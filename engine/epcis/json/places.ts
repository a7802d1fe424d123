// Where the walk through a document can be: the objects and arrays around the events.

import type { Step } from '../model.ts';

/** The objects and arrays that are walked; everything else is a value. */
export const INNER: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  root: new Map([['epcisBody', 'body']]),
  body: new Map([
    ['queryResults', 'results'],
    ['eventList', 'events'],
  ]),
  results: new Map([['resultsBody', 'resultsBody']]),
  resultsBody: new Map([['eventList', 'events']]),
};

export interface Open {
  readonly place: string;
  readonly names: Set<string>;
  /** Where the walk is in it: name of the member, index of the item. */
  step: Step;
}

/** What comes next. */
export type State = 'start' | 'first' | 'name' | 'value' | 'after' | 'end';
