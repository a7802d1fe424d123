// JSON documents judged, beside JSON.parse of the same bytes: the least that anybody spends on them in this language, who
// then has objects and has looked at none.

import { canonicalise } from '../../engine/epcis/canonical.ts';
import { niHash } from '../../engine/epcis/hash/ni.ts';
import type { SourceEvent } from '../../engine/epcis/model.ts';
import type { DocumentArm, Work } from './arms.ts';
import { type Form, makeDocument, type Shape } from './documents.ts';
import { type Answer, judgeWhole, readEvents } from './judging.ts';

/** Events of a document: 5 to 15 MB, by form. */
export const EVENTS: Readonly<Record<Shape, number>> = { small: 15_000, large: 600 };

export interface PreparedWork {
  readonly work: Work;
  readonly arms: readonly DocumentArm[];
}

/** Wrong answers are an error, never a fast arm. @throws Error */
export function mustBeWhole(what: string, made: { events: number; rows: number }, answer: Answer): Answer {
  if (answer.events !== made.events || answer.rows !== made.rows || answer.rejected !== 0)
    throw new Error(`${what}: ${JSON.stringify(answer)}, made were ${made.events} events, ${made.rows} rows`);
  return answer;
}

export function prepareJson(
  form: Form,
  shape: Shape,
  events = EVENTS[shape],
): PreparedWork & { answer: Answer } {
  const made = makeDocument(form, shape, { events });
  const { body, rows, bytes } = made;
  const head = readEvents(body, form, null);
  const title = `${form}, ${shape} events`;
  const answer = mustBeWhole(title, made, judgeWhole(body, form, head));
  const ours = (name: string, take: (event: SourceEvent) => unknown): DocumentArm => ({
    name,
    kind: 'ours',
    run: () => {
      readEvents(body, form, take);
      return 0;
    },
  });
  const arms: DocumentArm[] = [
    {
      name: 'JSON.parse of the same bytes',
      kind: 'bound',
      run: () => {
        const { epcisBody } = JSON.parse(body.toString()) as { epcisBody: { eventList: unknown[] } };
        if (epcisBody.eventList.length !== made.events) throw new Error('JSON.parse lost events');
        return 0;
      },
    },
    ours('read', () => {}),
    ours('read, canonical form and digest', (event) =>
      canonicalise(event, { profile: 'generic', ni: () => '' }),
    ),
    ours('read and ni hash', niHash),
    {
      name: 'judged: read, rules, canonical form, digest, ni hash',
      kind: 'ours',
      run: () => {
        if (judgeWhole(body, form, head).digest !== answer.digest) throw new Error('the digests changed');
        return 0;
      },
    },
  ];
  return { work: { key: `judge-${form}-${shape}`, title, rows, bytes, notes: [] }, arms, answer };
}
