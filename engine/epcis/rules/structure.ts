// Structure of an event, S01 and S04 to S11: which fields each type has to have with which action. One row a rule.

import { EVENT_TYPES, type EventFields, type EventType, type Step } from '../model.ts';
import type { RuleCode } from '../rule-codes.ts';
import { isUnnamed } from './namespaces.ts';
import type { Action, Report, Rule, Subject } from './rule.ts';
import { told } from './rule.ts';

interface Demand {
  readonly code: RuleCode;
  readonly types: readonly EventType[];
  /** Without: whatever the action is. */
  readonly actions?: readonly Action[];
  readonly path: readonly Step[];
  readonly holds: (fields: EventFields) => boolean;
  readonly detail: string;
}

/** An empty list says as much as none: XML 1.2 demands the element even where there is nothing to list. */
const has = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0;
const given = (value: string | undefined): boolean => value !== undefined && value !== '';

const DEMANDS: readonly Demand[] = [
  {
    code: 'S05_WHAT_EMPTY',
    types: ['ObjectEvent'],
    path: [],
    holds: ({ epcList, quantityList, sensorElementList, readPoint }) =>
      has(epcList) || has(quantityList) || (has(sensorElementList) && readPoint !== undefined),
    detail: 'no epcList, no quantityList, and no sensorElementList with a readPoint',
  },
  {
    code: 'S05_WHAT_EMPTY',
    types: ['TransactionEvent'],
    actions: ['ADD', 'OBSERVE'],
    path: [],
    holds: ({ epcList, quantityList }) => has(epcList) || has(quantityList),
    detail: 'no epcList and no quantityList',
  },
  {
    code: 'S06_AGG_PARENT',
    types: ['AggregationEvent'],
    actions: ['ADD', 'DELETE'],
    path: ['parentID'],
    holds: ({ parentID }) => given(parentID),
    detail: 'no parentID: ADD and DELETE need one',
  },
  {
    code: 'S07_AGG_CHILDREN',
    types: ['AggregationEvent', 'AssociationEvent'],
    actions: ['ADD', 'OBSERVE'],
    path: ['childEPCs'],
    holds: ({ childEPCs, childQuantityList }) => has(childEPCs) || has(childQuantityList),
    detail: 'no childEPCs and no childQuantityList: only DELETE means all children without them',
  },
  {
    code: 'S08_TXN_BIZTX',
    types: ['TransactionEvent'],
    path: ['bizTransactionList'],
    holds: ({ bizTransactionList }) => has(bizTransactionList),
    detail: 'no business transaction',
  },
  {
    code: 'S09_TRANSFORM_IO',
    types: ['TransformationEvent'],
    path: [],
    holds: (fields) => {
      const input = has(fields.inputEPCList) || has(fields.inputQuantityList);
      const output = has(fields.outputEPCList) || has(fields.outputQuantityList);
      return (input && output) || (given(fields.transformationID) && (input || output));
    },
    detail: 'neither inputs and outputs, nor a transformationID with one of them',
  },
  {
    code: 'S10_ASSOC_PARENT',
    types: ['AssociationEvent'],
    path: ['parentID'],
    holds: ({ parentID }) => given(parentID),
    detail: 'no parentID',
  },
];

const ACTIONS: readonly string[] = ['ADD', 'OBSERVE', 'DELETE'];

/** The action of an event, null where it has none or another word. */
export function actionOf(fields: EventFields): Action | null {
  return ACTIONS.includes(fields.action ?? '') ? (fields.action as Action) : null;
}

/** The type, null where it is none of the five. */
export function typeOf(type: string): EventType | null {
  return (EVENT_TYPES as readonly string[]).includes(type) ? (type as EventType) : null;
}

export const structure: Rule = (subject, report) => {
  const { event, type } = subject;
  if (type === null) {
    const hint = event.type === 'QuantityEvent' ? ', which 2.0 removed: send an ObjectEvent' : '';
    report('S01_EVENT_TYPE', ['type'], `type ${told(event.type)}${hint}`);
    return;
  }
  judgeAction(subject, report);
  for (const demand of DEMANDS) {
    if (!demand.types.includes(type)) continue;
    if (demand.actions !== undefined && !demand.actions.some((action) => action === subject.action)) continue;
    if (!demand.holds(event.fields)) report(demand.code, demand.path, demand.detail);
  }
  judgeIlmd(subject, type, report);
};

function judgeAction({ event, type, action }: Subject, report: Report): void {
  const sent = event.fields.action;
  if (type === 'TransformationEvent') {
    if (sent !== undefined) report('S04_ACTION', ['action'], `${told(sent)}, where the type has no action`);
  } else if (action === null) {
    report('S04_ACTION', ['action'], `${told(sent)}, not ADD, OBSERVE or DELETE`);
  }
}

function judgeIlmd({ event, action }: Subject, type: EventType, report: Report): void {
  const { ilmd } = event.fields;
  if (ilmd === undefined) return;
  const allowed = type === 'TransformationEvent' || (type === 'ObjectEvent' && action === 'ADD');
  // Without an action that can be read nobody knows whether it belongs there.
  const unknown = type === 'ObjectEvent' && action === null;
  if (!allowed && !unknown)
    report('S11_ILMD_NOT_ALLOWED', ['ilmd'], `ilmd in ${type}${action === null ? '' : ` ${action}`}`);
  for (const [i, member] of ilmd.entries()) {
    if (isUnnamed(member)) report('S13_UNKNOWN_FIELD', ['ilmd', i], `${told(member.name)} has no namespace`);
  }
}
