// All bugs to plant, in the order in which they are told.

import { CAMPAIGN_MUTANTS } from './campaign.mjs';
import { CAPTURE_MUTANTS } from './captures.mjs';
import { ENGINE_MUTANTS } from './engine.mjs';
import { EPCIS_MUTANTS } from './epcis.mjs';
import { REPLAY_MUTANTS } from './replay.mjs';
import { STORE_MUTANTS } from './store.mjs';

/** @type {readonly import('./mutant.mjs').Mutant[]} */
export const MUTANTS = [
  ...ENGINE_MUTANTS,
  ...STORE_MUTANTS,
  ...REPLAY_MUTANTS,
  ...EPCIS_MUTANTS,
  ...CAPTURE_MUTANTS,
  ...CAMPAIGN_MUTANTS,
];
