// What is looked at for allocations: a stage puts frames through a part of the engine, again and again. A step is a few
// thousand frames; whatever a stage makes per step and not per frame vanishes among them.

export interface Running {
  /** Frames of one step. */
  readonly frames: number;
  /** Puts one step through, then calls `done`: a promise for each step would be the bench's own garbage. */
  step(done: () => void): void;
  close?(): void;
}

export interface Stage {
  readonly name: string;
  /** Whose memory it is: firn's, or that of something which firn cannot do without and which is measured apart. */
  readonly owner: 'firn' | 'apart';
  /** What is in it, as a sentence. */
  readonly about: string;
  prepare(): Running | Promise<Running>;
}

/** Payloads of single records, as many as a step has frames. */
export const STEP_FRAMES = 5000;
