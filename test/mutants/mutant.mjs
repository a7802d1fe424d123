// A bug to plant: what it does, where, and what must catch it: test files, or a campaign. Each `find` occurs exactly once
// in its file, or the run says STALE and the mutant must be renewed.

/** @typedef {{ find: string, put: string }} Edit */
/** @typedef {readonly string[]} Campaign program below `dist/`, and its arguments */
/** @typedef {{ name: string, what: string, file: string, edits: Edit[], tests: string[], only?: string, campaign?: Campaign }} Mutant */

/**
 * One edit, or a list of them; `tests` below `test/`, those that are quickest to catch it. Of a file that takes long, with
 * words that are in the name of the test: `verify/tamper#a broken chain`. Then it is the only one.
 * @returns {Mutant}
 */
export function mutant(name, what, file, ...rest) {
  const [first, second] = rest;
  const several = Array.isArray(first);
  const edits = several ? first.map(([find, put]) => ({ find, put })) : [{ find: first, put: second }];
  const named = rest.slice(several ? 1 : 2).map((test) => test.split('#'));
  const tests = named.map(([path]) => `test/${path}.test.ts`);
  const [, only] = named[0] ?? [];
  return { name, what, file, edits, tests, ...(only !== undefined && { only }) };
}

/** A bug that a campaign must catch. @returns {Mutant} */
export function campaignMutant(campaign, ...bug) {
  return { ...mutant(...bug), tests: [], campaign };
}
