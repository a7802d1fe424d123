// The shapes of load that the suite offers: how many endpoints, how many records in a frame, how many frames in one send,
// and how many frames an endpoint leaves unacknowledged.

export interface Shape {
  /** One word, for options and JSON. */
  readonly key: string;
  readonly title: string;
  readonly connections: number;
  readonly recordsPerFrame: number;
  readonly burst: number;
  readonly window: number;
}

export const SINGLE: Shape = {
  key: 'single',
  title: '1 record a frame, 16 frames a send, 1,000 endpoints',
  connections: 1000,
  recordsPerFrame: 1,
  burst: 16,
  window: 64,
};

export const TEN: Shape = {
  key: 'ten',
  title: '10 records a frame, 8 frames a send, 1,000 endpoints',
  connections: 1000,
  recordsPerFrame: 10,
  burst: 8,
  window: 32,
};

export const HUNDRED: Shape = {
  key: 'hundred',
  title: '100 records a frame, 1,000 endpoints',
  connections: 1000,
  recordsPerFrame: 100,
  burst: 1,
  window: 4,
};

export const SHAPES: readonly Shape[] = [SINGLE, TEN, HUNDRED];
