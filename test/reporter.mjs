// A vitest reporter that writes what `npm test` counts: how many tests passed, which failed and which were skipped, and why.
// Vitest's own JSON leaves the reasons out.

import { writeFileSync } from 'node:fs';

/** Where a test lies, with the names of its groups. */
function nameOf(test, root) {
  const file = test.module.moduleId.replace(`${root}/`, '');
  return `${file} > ${test.fullName}`;
}

/** The message of a failure and the line of the test that it stands in, short enough for a list. */
function reasonOf(error) {
  const at = error?.stacks?.[0];
  const where = at === undefined ? '' : ` at line ${at.line}`;
  return `${String(error?.message ?? 'no message')
    .replace(/\s+/g, ' ')
    .slice(0, 300)}${where}`;
}

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default class CountingReporter {
  #root = process.cwd();

  onTestRunEnd(modules, unhandledErrors) {
    const counts = {
      passed: 0,
      failed: [],
      skipped: [],
      errors: unhandledErrors.map((error) => String(error.message)),
    };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state, note, errors } = test.result();
        if (state === 'passed') counts.passed += 1;
        else if (state === 'failed')
          counts.failed.push({ name: nameOf(test, this.#root), reason: reasonOf(errors?.[0]) });
        else counts.skipped.push({ name: nameOf(test, this.#root), reason: note ?? null });
      }
      // A file that cannot be loaded has no tests to count: it counts as a failed one itself.
      for (const error of module.errors()) {
        counts.failed.push({ name: module.moduleId.replace(`${this.#root}/`, ''), reason: reasonOf(error) });
      }
    }
    writeFileSync(process.env.FIRN_TEST_COUNTS, JSON.stringify(counts));
  }
}
