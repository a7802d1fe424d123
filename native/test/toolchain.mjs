// Finds a C++ compiler whose sanitizers work here, and builds programs out of the kernels with it. Kernels are the sources
// in native/ that need neither Node-API nor a library: no object of node-gyp is touched. Node's own modules only.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const NATIVE = dirname(dirname(fileURLToPath(import.meta.url)));
export const INSTALL = 'apt-get install clang libclang-rt-14-dev';

const WARNINGS = ['-Wall', '-Wextra', '-Wconversion'];
const LANGUAGE = ['-std=c++20', '-O1', '-g', '-fno-omit-frame-pointer', ...WARNINGS];

/** The first of the compilers that builds and runs a program with these flags; null when none does. */
export function findCompiler(candidates, flags, source = 'int main() { return 0; }\n') {
  const folder = mkdtempSync(join(tmpdir(), 'firn-compiler-'));
  try {
    const file = join(folder, 'probe.cc');
    const program = join(folder, 'probe');
    writeFileSync(file, source);
    return (
      candidates.find((compiler) => {
        const built = spawnSync(compiler, ['-std=c++20', ...flags, file, '-o', program], { stdio: 'ignore' });
        return built.status === 0 && spawnSync(program, ['-runs=0'], { stdio: 'ignore' }).status === 0;
      }) ?? null
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Files of native/ that are kernels. */
export function kernels() {
  const foreign = /#include\s*[<"](node_api|napi|zstd|zdict)/;
  return readdirSync(NATIVE)
    .filter((name) => name.endsWith('.cc') && !foreign.test(readFileSync(join(NATIVE, name), 'utf8')))
    .map((name) => join(NATIVE, name));
}

function newestHeader() {
  const folders = [NATIVE, join(NATIVE, 'test'), join(NATIVE, 'fuzz')];
  const headers = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.h'))
      .map((name) => statSync(join(folder, name)).mtimeMs),
  );
  return Math.max(...headers);
}

/** Runs a command to its end; its exit code, null after a signal. Its output goes to this terminal. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    child.on('error', () => resolve(127));
    child.on('exit', resolve);
  });
}

/** Runs `work` on every item, `jobs` at a time; the results in order. */
export async function inParallel(items, jobs, work) {
  const results = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]);
    }
  };
  await Promise.all(Array.from({ length: jobs }, lane));
  return results;
}

/** A folder of objects and programs, made with one compiler and one set of flags. */
export class Build {
  #folder;
  #compiler;
  #flags;
  #jobs;

  constructor(folder, compiler, flags, jobs) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#compiler = compiler;
    this.#flags = [...LANGUAGE, ...flags];
    this.#jobs = jobs;
  }

  /** Compiles what is older than its source, any header or this build's flags. @returns objects; null after an error. */
  async compile(sources) {
    const stamp = join(this.#folder, 'flags');
    const wanted = [this.#compiler, ...this.#flags].join(' ');
    if (ageOf(stamp) === 0 || readFileSync(stamp, 'utf8') !== wanted) writeFileSync(stamp, wanted);
    const settled = Math.max(newestHeader(), ageOf(stamp));
    // A test has the name of its kernel, so the folder is part of the object's name.
    const objects = sources.map((source) =>
      join(this.#folder, `${basename(dirname(source))}-${basename(source, '.cc')}.o`),
    );
    const due = sources.filter((source, i) => ageOf(objects[i]) < Math.max(settled, ageOf(source)));
    const codes = await inParallel(due, this.#jobs, (source) => {
      const object = objects[sources.indexOf(source)];
      return run(this.#compiler, [...this.#flags, '-c', source, '-o', object]);
    });
    return codes.every((code) => code === 0) ? objects : null;
  }

  /** Links a program. @returns its path, null after an error. */
  async link(name, objects, flags) {
    const program = join(this.#folder, name);
    if (objects.every((object) => ageOf(object) < ageOf(program))) return program;
    return (await run(this.#compiler, [...objects, ...flags, '-o', program])) === 0 ? program : null;
  }
}

/** When a file was last written, 0 when it is not there. */
function ageOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
