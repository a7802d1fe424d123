// Every stage that bench:allocation looks at.

import { handlerStage } from './front-stage.ts';
import { ringStage } from './ring-stage.ts';
import type { Stage } from './stage.ts';
import { uwsStage } from './uws-stage.ts';
import { workerStage } from './worker-stage.ts';

export const STAGES: readonly Stage[] = [
  ringStage,
  handlerStage,
  workerStage('native'),
  workerStage('portable'),
  uwsStage,
];
