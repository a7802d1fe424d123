// A vitest reporter that writes what `npm test` counts: how many tests passed and failed, and which were skipped and why.
// Vitest's own JSON leaves the reasons out.

import { writeFileSync } from 'node:fs';

/** Where a test lies, with the names of its groups. */
function nameOf(test, root) {
  const file = test.module.moduleId.replace(`${root}/`, '');
  return `${file} > ${test.fullName}`;
}

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default class CountingReporter {
  #root = process.cwd();

  onTestRunEnd(modules, unhandledErrors) {
    const counts = {
      passed: 0,
      failed: 0,
      skipped: [],
      errors: unhandledErrors.map((error) => String(error.message)),
    };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        if (state === 'passed') counts.passed += 1;
        else if (state === 'failed') counts.failed += 1;
        else counts.skipped.push({ name: nameOf(test, this.#root), reason: note ?? null });
      }
      // A file that cannot be loaded has no tests to count: it counts as a failed one itself.
      for (const error of module.errors()) {
        counts.failed += 1;
        counts.errors.push(`${module.moduleId}: ${error.message}`);
      }
    }
    writeFileSync(process.env.FIRN_TEST_COUNTS, JSON.stringify(counts));
  }
}
