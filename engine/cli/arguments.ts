// Command lines, read strictly: an option that a command does not know is an error with a word, never passed over. The
// same table makes the help text.

import { parseArgs } from 'node:util';
import { ConfigError } from '../errors.ts';

/** One option. Without `value` it is a switch. */
export interface Flag {
  /** What stands for the value in the help, e.g. `DIR`. */
  readonly value?: string;
  readonly default?: string;
  readonly help: string;
  /** Not in the help: for other commands of firn. */
  readonly hidden?: boolean;
}

/** What a command takes and what its help says. */
export interface CommandSpec {
  readonly name: string;
  readonly about: string;
  /** Positional arguments as the usage line shows them. */
  readonly operands?: string;
  readonly flags: Readonly<Record<string, Flag>>;
  readonly examples: readonly string[];
  /** Further paragraph of the help, e.g. exit codes. */
  readonly notes?: string;
}

/** The value of a number option, and what it may be. */
export interface NumberRule {
  readonly min: number;
  readonly max?: number;
  readonly integer?: boolean;
}

export class Arguments {
  readonly operands: readonly string[];
  readonly help: boolean;
  readonly #spec: CommandSpec;
  readonly #values: Readonly<Record<string, string | boolean | undefined>>;

  constructor(
    spec: CommandSpec,
    values: Record<string, string | boolean | undefined>,
    operands: readonly string[],
  ) {
    this.#spec = spec;
    this.#values = values;
    this.operands = operands;
    this.help = values['help'] === true;
  }

  /** The option's text or its default; undefined when it has neither. */
  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : this.#spec.flags[name]?.default;
  }

  switch(name: string): boolean {
    return this.#values[name] === true;
  }

  /** @throws ConfigError when it is given and is not such a number */
  number(name: string, rule: NumberRule): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = text.trim() === '' ? Number.NaN : Number(text);
    const fits = value >= rule.min && value <= (rule.max ?? Number.MAX_VALUE);
    if (fits && (rule.integer !== true || Number.isInteger(value))) return value;
    const kind = rule.integer === true ? 'a whole number' : 'a number';
    const range = rule.max === undefined ? `of at least ${rule.min}` : `from ${rule.min} to ${rule.max}`;
    throw this.fault(`--${name} takes ${kind} ${range}, not ${JSON.stringify(text)}`);
  }

  /** As `number`, for an option that must be given or have a default. */
  required(name: string, rule: NumberRule): number {
    const value = this.number(name, rule);
    if (value === undefined) throw this.fault(`--${name} is missing`);
    return value;
  }

  /**
   * The operand of a command that takes one; undefined without.
   * @param noun what it names
   * @throws ConfigError for a second one
   */
  operand(noun: string): string | undefined {
    const [first, second] = this.operands;
    if (second !== undefined) throw this.fault(`takes one ${noun}, not also ${JSON.stringify(second)}`);
    return first;
  }

  fault(message: string): ConfigError {
    return faultOf(this.#spec, message);
  }
}

/**
 * Reads a command line.
 * @throws ConfigError for unknown options, missing values and operands that the command does not take
 */
export function readArguments(argv: readonly string[], spec: CommandSpec): Arguments {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
  };
  for (const [name, flag] of Object.entries(spec.flags)) {
    options[name] = { type: flag.value === undefined ? 'boolean' : 'string' };
  }
  try {
    const allowPositionals = spec.operands !== undefined;
    const { values, positionals } = parseArgs({ args: [...argv], options, strict: true, allowPositionals });
    return new Arguments(spec, values as Record<string, string | boolean | undefined>, positionals);
  } catch (error) {
    throw faultOf(spec, messageOf(error as Error & { code?: string }, spec));
  }
}

function faultOf(spec: CommandSpec, message: string): ConfigError {
  return new ConfigError(`firn ${spec.name}: ${message} (firn ${spec.name} --help shows what it takes)`);
}

function messageOf(error: Error & { code?: string }, spec: CommandSpec): string {
  const named = /'(--?[^'= ]+)/.exec(error.message)?.[1];
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && named !== undefined) {
    const visible = Object.keys(spec.flags).filter((name) => spec.flags[name]?.hidden !== true);
    const near = closest(named.replace(/^-+/, ''), visible);
    return `unknown option ${named}${near === null ? '' : `, did you mean --${near}?`}`;
  }
  const operand = /Unexpected argument '([^']*)'/.exec(error.message)?.[1];
  if (operand !== undefined) return `takes no argument ${JSON.stringify(operand)}`;
  return error.message.split('\n')[0] as string;
}

/** The help text of a command. */
export function helpOf(spec: CommandSpec): string {
  const rows = Object.entries(spec.flags)
    .filter(([, flag]) => flag.hidden !== true)
    .map(([name, flag]) => {
      const left = `  --${name}${flag.value === undefined ? '' : ` ${flag.value}`}`;
      return [left, flag.default === undefined ? flag.help : `${flag.help} (${flag.default})`] as const;
    });
  const width = Math.max(0, ...rows.map(([left]) => left.length)) + 2;
  const operands = spec.operands === undefined ? '' : ` ${spec.operands}`;
  return [
    `firn ${spec.name}: ${spec.about}`,
    '',
    `usage: firn ${spec.name}${operands} [options]`,
    '',
    ...rows.map(([left, right]) => left.padEnd(width) + right),
    '',
    'examples:',
    ...spec.examples.map((example) => `  ${example}`),
    ...(spec.notes === undefined ? [] : ['', spec.notes]),
    '',
  ].join('\n');
}

/** The word of `words` that was probably meant; null when none is near. */
export function closest(word: string, words: readonly string[]): string | null {
  const starting = words.filter((candidate) => candidate.startsWith(word) && word !== '');
  if (starting.length === 1) return starting[0] as string;
  let best: string | null = null;
  // Up to two slips in a word of four letters or more: a swap of neighbours counts as two.
  let least = (word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))) + 1;
  for (const candidate of words) {
    const distance = edits(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Levenshtein distance. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, swap));
    }
    row = next;
  }
  return row[b.length] as number;
}
