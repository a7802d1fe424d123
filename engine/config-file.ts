// The configuration as a file: JSON, checked as a whole before anything of it is used.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type ConfigInput, parseConfig } from './config.ts';
import { ConfigError } from './errors.ts';

/**
 * Reads a configuration file (JSON). Relative paths of certificates in it are relative to the file.
 * @throws ConfigError naming the file and, where it is JSON, each member that is wrong.
 */
export function readConfigFile(path: string): ConfigInput {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`cannot read the configuration ${path}: ${(error as Error).message}`);
  }
  let input: ConfigInput;
  try {
    // Some editors put a byte order mark before the text.
    input = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new ConfigError(`the configuration ${path} is not JSON: ${(error as Error).message}`);
  }
  parseConfig(input, path);
  const tls = typeof input.listen === 'object' ? input.listen?.tls : undefined;
  if (tls !== undefined) {
    tls.cert = resolve(dirname(path), tls.cert);
    tls.key = resolve(dirname(path), tls.key);
  }
  return input;
}
