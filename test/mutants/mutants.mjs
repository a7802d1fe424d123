// All bugs to plant, in the order in which they are told.

import { CAMPAIGN_MUTANTS } from './campaign.mjs';
import { ENGINE_MUTANTS } from './engine.mjs';
import { REPLAY_MUTANTS } from './replay.mjs';
import { STORE_MUTANTS } from './store.mjs';

/** @type {readonly import('./mutant.mjs').Mutant[]} */
export const MUTANTS = [...ENGINE_MUTANTS, ...STORE_MUTANTS, ...REPLAY_MUTANTS, ...CAMPAIGN_MUTANTS];
