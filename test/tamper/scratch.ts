// A copy of a lake that is tampered with and put back. Its files are hard links to the pristine ones, so every change
// puts a new file in the place of the old.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { VerifyOptions } from '../../engine/verify/options.ts';
import type { Pristine } from './pristine.ts';

export class Scratch {
  readonly folder: string;
  readonly #pristine: Pristine;
  /** Keys that were touched: `restore` makes them what they are in the pristine lake. */
  readonly #touched = new Set<string>();

  /** What the auditor asks for besides. */
  #asked: Partial<VerifyOptions> = {};

  /** Copies the lake to `folder`, which must not exist. */
  constructor(pristine: Pristine, folder: string) {
    this.folder = folder;
    this.#pristine = pristine;
    const { status, stderr } = spawnSync('cp', ['-al', pristine.folder, folder]);
    if (status !== 0) throw new Error(`cp -al: ${stderr}`);
  }

  /** A file beside the lake: what an auditor kept. */
  beside(name: string, body: string | Uint8Array): string {
    const path = `${this.folder}.${name}`;
    writeFileSync(path, body);
    return path;
  }

  /** From now until `restore` the verifier gets these options too. */
  ask(options: Partial<VerifyOptions>): void {
    this.#asked = { ...this.#asked, ...options };
  }

  get asked(): Partial<VerifyOptions> {
    return this.#asked;
  }

  read(key: string): Buffer {
    return readFileSync(join(this.folder, key));
  }

  write(key: string, body: Uint8Array | string): void {
    const path = join(this.folder, key);
    this.#touched.add(key);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, body);
  }

  remove(key: string): void {
    this.#touched.add(key);
    rmSync(join(this.folder, key));
  }

  move(from: string, to: string): void {
    const body = this.read(from);
    this.remove(from);
    this.write(to, body);
  }

  /** Flips one bit; `at` counts bits from the beginning of the file. */
  flip(key: string, at: number): void {
    const bytes = this.read(key);
    bytes[at >> 3] = (bytes[at >> 3] as number) ^ (1 << (at & 7));
    this.write(key, bytes);
  }

  restore(): void {
    for (const key of this.#touched) {
      const original = join(this.#pristine.folder, key);
      if (existsSync(original)) this.write(key, readFileSync(original));
      else rmSync(join(this.folder, key), { recursive: true, force: true });
    }
    this.#touched.clear();
    this.#asked = {};
  }
}
