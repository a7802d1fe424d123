// From a path in terms of the model to a JSON Pointer into the document. Faults are few: the event's tree is walked when
// one is told, nothing is noted beforehand.

import type { Locate, Step } from '../model.ts';
import { extensionSteps, isChild, isComment } from './extensions.ts';
import { pointer } from './pointer.ts';
import { isList, type Json, JsonObject } from './tree.ts';

/** What the document calls members that the model renamed. */
const RENAMED: ReadonlyMap<Step, string> = new Map([
  ['metadata', 'sensorMetadata'],
  ['reports', 'sensorReport'],
]);
const IDS: ReadonlyMap<Step | undefined, string> = new Map([
  ['bizTransactionList', 'bizTransaction'],
  ['sourceList', 'source'],
  ['destinationList', 'destination'],
]);

/** @param base steps from the document to the event. */
export function locateIn(event: Json, base: readonly Step[]): Locate {
  return (path) => pointer([...base, ...stepsIn(event, path)]);
}

function stepsIn(event: Json, path: readonly Step[]): Step[] {
  const steps: Step[] = [];
  let here: Json | undefined = event;
  const go = (step: Step): void => {
    steps.push(step);
    here = isList(here)
      ? here[Number(step)]
      : here instanceof JsonObject
        ? here.get(String(step))
        : undefined;
  };
  const goToExtension = (index: Step | undefined, isOne: (name: string) => boolean): void => {
    if (!(here instanceof JsonObject) || index === undefined) return;
    for (const step of extensionSteps(here, isOne)[Number(index)] ?? []) go(step);
  };
  for (let at = 0; at < path.length; at++) {
    const step = path[at] as Step;
    if (step === 'ext') goToExtension(path[++at], (name) => name.includes(':') && !isComment(name));
    else if (step === 'children') goToExtension(path[++at], isChild);
    else if (step === 'ilmd' && typeof path[at + 1] === 'number') {
      go(step);
      goToExtension(path[++at], (name) => name.includes(':') && !isComment(name));
    } else if (step === 'fields') continue;
    else if (step === 'id' && at === 2 && IDS.has(path[0])) go(IDS.get(path[0]) as string);
    else if (step === 'type' && at === 0 && here instanceof JsonObject && here.get('type') === undefined) {
      go(here.get('isA') === undefined ? 'type' : 'isA');
    } else if (typeof step === 'number' && typeof here === 'string') continue;
    else go(path[0] === 'sensorElementList' ? (RENAMED.get(step) ?? step) : step);
  }
  return steps;
}
