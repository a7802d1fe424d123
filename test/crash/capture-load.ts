// What the outside knows of captures: each document that was sent, what each of its events has to become, and the Location
// it was answered with. Serial numbers are never used twice but on purpose, so that every expectation is certain whatever
// was killed in between.

import { setTimeout as sleep } from 'node:timers/promises';
import { mediaTypeOf } from '../support/capture.ts';
import {
  type DocumentForm,
  documentText,
  dscsaPlan,
  type EventPlan,
  FORMS,
  MAKER,
  sgtin,
  UNIT,
} from '../support/epcis-documents.ts';
import { pick, type Random } from './random.ts';

export type Outcome = 'accepted' | 'refused' | 'duplicate';

export interface SentDocument {
  readonly text: string;
  readonly form: DocumentForm;
  readonly behaviour: 'proceed' | 'rollback';
  /** Of each event, in order. */
  readonly outcomes: readonly Outcome[];
  /** Path of the job; null = no answer has arrived yet. */
  location: string | null;
}

export class CaptureLoad {
  readonly sent: SentDocument[] = [];
  readonly #url: string;
  readonly #random: Random;
  #serial = 0;

  constructor(url: string, random: Random) {
    this.#url = url;
    this.#random = random;
  }

  get documents(): number {
    return this.sent.length;
  }

  get events(): number {
    return this.sent.reduce((sum, { outcomes }) => sum + outcomes.length, 0);
  }

  get counts(): Readonly<Record<Outcome, number>> {
    const counts = { accepted: 0, refused: 0, duplicate: 0 };
    for (const { outcomes } of this.sent) for (const outcome of outcomes) counts[outcome] += 1;
    return counts;
  }

  /** Sends new documents, one after the other; ends early when nobody answers. */
  async send(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const document = this.#draw();
      this.sent.push(document);
      if (!(await this.#post(document))) return;
    }
  }

  /** Sends again what was not answered, and some of what was; waits until every job is over. @returns faults */
  async settle(): Promise<string[]> {
    const faults: string[] = [];
    for (const document of this.sent) {
      const before = document.location;
      // A document that has its answer is sent again at times: the same job must answer.
      if (before !== null && this.#random() < 0.7) continue;
      while (!(await this.#post(document))) await sleep(200);
      if (before !== null && document.location !== before)
        faults.push(`${before} was sent again and is ${document.location}`);
    }
    for (const { location, outcomes } of this.sent) {
      const job = await this.#over(location as string);
      const success = outcomes.every((outcome) => outcome !== 'refused');
      if (job.success !== success) faults.push(`${location}: success is ${job.success}, not ${success}`);
      const refused = new Set(job.errors.flatMap(({ eventIndex }) => eventIndex ?? []));
      const listed = outcomes.flatMap((outcome, at) => (outcome === 'refused' ? [at] : []));
      const odd = [...refused].find((at) => !listed.includes(at));
      if (odd !== undefined) faults.push(`${location}: event ${odd} is told as refused`);
      if (listed.length > 0 && refused.size === 0) faults.push(`${location}: nothing is told as refused`);
    }
    return [...faults, ...(await this.#accountFaults())];
  }

  async #accountFaults(): Promise<string[]> {
    const { acct } = (await (await fetch(`${this.#url}/v1/status`)).json()) as {
      acct: Record<string, number>;
    };
    const { accepted, refused, duplicate } = this.counts;
    const want: Record<string, number> = { accepted, duplicate, received: this.events, rejected: refused };
    return Object.keys(want).flatMap((name) =>
      acct[name] === want[name] ? [] : [`the account says ${name} ${acct[name]}, not ${want[name]}`],
    );
  }

  #draw(): SentDocument {
    const random = this.#random;
    const form = pick(random, FORMS);
    const behaviour = pick(random, ['proceed', 'rollback'] as const);
    // Up to three chunks of the ledger's.
    const count = Math.max(1, Math.round(2_500 ** random()));
    const plan = dscsaPlan();
    const first = plan.events[0] as EventPlan;
    const isFaulty = random() < 0.3;
    const events: EventPlan[] = [];
    const outcomes: Outcome[] = [];
    const eventOf = (serial: number): EventPlan => ({
      ...first,
      eventTime: new Date(Date.UTC(2025, 4, 5) + serial * 1000).toISOString(),
      epcs: [sgtin(MAKER, UNIT, `s${serial}`)],
    });
    for (let i = 0; i < count; i++) {
      const draw = random();
      if (i > 0 && draw < 0.02) {
        events.push(events.at(-1) as EventPlan);
        outcomes.push(outcomes.at(-1) === 'refused' ? 'refused' : 'duplicate');
      } else {
        this.#serial += 1;
        // No action: what every profile refuses.
        const { action: _, ...noAction } = eventOf(this.#serial);
        const refused = isFaulty && draw > 0.97;
        events.push(refused ? noAction : eventOf(this.#serial));
        outcomes.push(refused ? 'refused' : 'accepted');
      }
    }
    const isUndone = behaviour === 'rollback' && outcomes.includes('refused');
    return {
      text: documentText({ ...plan, instanceIdentifier: `doc${this.sent.length}`, events }, form),
      form,
      behaviour,
      outcomes: isUndone ? outcomes.map(() => 'refused') : outcomes,
      location: null,
    };
  }

  /** @returns false when there was no answer, or that there is no room */
  async #post(document: SentDocument): Promise<boolean> {
    try {
      const answer = await fetch(`${this.#url}/epcis/capture`, {
        method: 'POST',
        headers: {
          'content-type': mediaTypeOf(document.form),
          'gs1-capture-error-behaviour': document.behaviour,
        },
        body: document.text,
      });
      await answer.text();
      if (answer.status !== 202) return false;
      document.location = answer.headers.get('location');
      return true;
    } catch {
      return false;
    }
  }

  async #over(
    location: string,
  ): Promise<{ success: boolean; errors: readonly { eventIndex: number | null }[] }> {
    for (;;) {
      const answer = await fetch(`${this.#url}${location}`).catch(() => null);
      if (answer?.status === 404) throw new Error(`${location} is not known any more`);
      if (answer?.status === 200) {
        const job = (await answer.json()) as {
          running: boolean;
          success: boolean;
          errors: readonly { eventIndex: number | null }[];
        };
        if (!job.running) return job;
      }
      await sleep(100);
    }
  }
}
