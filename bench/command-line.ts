// The command line of a part of the suite: --help prints the usage; anything wrong is told together with it, exit code 2.

import { type ParseArgsConfig, parseArgs } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T }>>['values'];

/**
 * What `read` makes of the options; null when there is nothing to run, and the exit code is set.
 * @param read throws Error with a sentence for people about a value that it cannot take
 */
export function commandLine<const T extends Options, R>(
  usage: string,
  options: T,
  read: (values: Values<T>) => R,
): R | null {
  if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
    console.log(usage);
    return null;
  }
  try {
    return read(parseArgs({ options }).values as Values<T>);
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exitCode = 2;
    return null;
  }
}

/** A number above 0. @throws Error */
export function positive(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`--${option} ${text}: give a number above 0`);
}

/** The members of `all` that a list of names, each after a comma, asks for; all where it is left out. @throws Error */
export function only<T extends { readonly name: string }>(names: string | undefined, all: readonly T[]): T[] {
  return (names?.split(',') ?? all.map(({ name }) => name)).map((name) => {
    const found = all.find((each) => each.name === name);
    if (found === undefined)
      throw new Error(
        `--only ${name}: there is no such one; there are ${all.map((each) => each.name).join(', ')}`,
      );
    return found;
  });
}
