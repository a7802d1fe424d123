// Faults of the in-process S3: a list of rules, the first that fits a request is used and counted. A rule can answer in
// place of the store, or spoil the store's own answer.

export type FaultKind =
  /** Answers `status` and `code` instead of doing it. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code?: string;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** Answers headers and half of the body, then nothing more. */
  | { readonly kind: 'stall' }
  /** The answer's body comes in `pieces`, `everyMs` apart. */
  | { readonly kind: 'trickle'; readonly pieces: number; readonly everyMs: number }
  /** The connection is cut before anything is done. */
  | { readonly kind: 'cut' }
  /** Done; then the connection is cut without an answer. */
  | { readonly kind: 'lost' }
  /** Half of the answer's body, then the connection is cut. */
  | { readonly kind: 'torn' }
  /** One byte of the answer's body is another. */
  | { readonly kind: 'wrong' };

export type Fault = FaultKind & {
  readonly method?: string;
  /** Fits the key within the bucket. */
  readonly key?: RegExp;
  /** A member of the query that must be there: `versions`, `object-lock`, `retention`. */
  readonly query?: string;
  /** So many requests that fit pass first. */
  readonly skip?: number;
  /** So many are then met; default 1. */
  readonly times?: number;
};

export class Faults {
  /** Requests that met a fault, by kind, or by code where the fault has one. */
  readonly met: Map<string, number> = new Map();
  readonly #rules: { readonly fault: Fault; seen: number }[] = [];

  add(...faults: readonly Fault[]): void {
    for (const fault of faults) this.#rules.push({ fault, seen: 0 });
  }

  clear(): void {
    this.#rules.length = 0;
  }

  /** Counts this request with the rules that fit it, up to and with the first that meets it, which is returned. */
  next(method: string, key: string, query: URLSearchParams): Fault | null {
    let met: Fault | null = null;
    for (const rule of this.#rules) {
      const { fault } = rule;
      if (fault.method !== undefined && fault.method !== method) continue;
      if (fault.key !== undefined && !fault.key.test(key)) continue;
      if (fault.query !== undefined && !query.has(fault.query)) continue;
      if (met !== null) break;
      const { skip = 0, times = 1 } = fault;
      rule.seen += 1;
      if (rule.seen > skip && rule.seen <= skip + times) met = fault;
    }
    if (met !== null) {
      const name = met.kind === 'status' ? (met.code ?? `HTTP ${met.status}`) : met.kind;
      this.met.set(name, (this.met.get(name) ?? 0) + 1);
    }
    return met;
  }
}
