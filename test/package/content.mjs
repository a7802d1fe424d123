// What the package must have in it, told by the sources of the checkout and not by `files` in package.json: a source that
// is forgotten there is missed here, and everything else is too much.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';

const TEXTS = ['README.md', 'EPCIS.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE'];

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    );
}

function wanted(root) {
  const compiled = ['engine', 'workers'].flatMap((part) =>
    filesBelow(join(root, part))
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) =>
        ['.js', '.js.map', '.d.ts'].map((kind) => `dist/${part}/${name.replace(/\.ts$/, kind)}`),
      ),
  );
  const native = readdirSync(join(root, 'native')).filter((name) => /\.(cc?|h|gyp)$|^build\.mjs$/.test(name));
  return new Set([
    ...compiled,
    ...native.map((name) => `native/${name}`),
    ...benchFiles(root),
    ...filesBelow(join(root, 'examples')).map((name) => `examples/${name}`),
    ...filesBelow(join(root, 'engine/ledger/migrations')).map((name) => `engine/ledger/migrations/${name}`),
    ...TEXTS,
    'package.json',
  ]);
}

/** The bench suite: compiled, without types and maps, and what it builds, starts and compares with. */
function benchFiles(root) {
  const made = /^(load\/build|peers\/node_modules|peers\/\.cache)\//;
  return filesBelow(join(root, 'bench'))
    .filter((name) => !made.test(name) && /\.(ts|cc|h|mjs|json|py|xsl)$|README\.md$/.test(name))
    .map((name) => (name.endsWith('.ts') ? `dist/bench/${name.replace(/\.ts$/, '.js')}` : `bench/${name}`));
}

/** Packages that a compiled file imports, by name: `ws`, `@bokuweb/zstd-wasm`. */
function importsOf(text) {
  const found = text.matchAll(/\b(?:from |import\(|require\(|load\()'([@\w][\w./@-]*)'/g);
  return [...found]
    .map((match) => match[1])
    .filter((name) => !isBuiltin(name))
    .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
}

/** Source maps whose TypeScript is neither in them nor beside them: a debugger would show nothing. */
function isHollow(text) {
  return !(JSON.parse(text).sourcesContent?.every((source) => typeof source === 'string') ?? false);
}

/**
 * Compares the package as installed in `home` with the checkout in `root`: names of files that are missing and that are
 * superfluous, imported packages that it does not depend on, source maps without sources, and sizes in bytes.
 */
export function compareContent(root, home) {
  const expected = wanted(root);
  const found = filesBelow(home);
  const text = (name) => readFileSync(join(home, name), 'utf8');
  const { dependencies } = JSON.parse(text('package.json'));
  // The bench suite says itself which of its packages is missing.
  const engine = found.filter((name) => name.endsWith('.js') && !name.startsWith('dist/bench/'));
  const imported = engine.flatMap((name) => importsOf(text(name)));
  return {
    missing: [...expected].filter((name) => !found.includes(name)),
    superfluous: found.filter((name) => !expected.has(name)),
    undeclared: [...new Set(imported)].filter((name) => !Object.hasOwn(dependencies, name)),
    imported: new Set(imported).size,
    hollow: found.filter((name) => name.endsWith('.map') && isHollow(text(name))),
    files: found.length,
    bytes: found.reduce((sum, name) => sum + statSync(join(home, name)).size, 0),
  };
}
