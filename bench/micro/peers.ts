// Packages of others that the suite is compared with. They live in bench/peers with a package.json of their own, so that
// nobody who only wants firn installs them; what is not there is told with the line that installs it.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { ROOT } from '../root.ts';

const PACKAGE = join(ROOT, 'bench/peers/package.json');
/** As one would type it here. */
export const INSTALL_PEERS = `node ${relative(process.cwd(), join(dirname(PACKAGE), 'install.mjs'))}`;

/** A package, or the sentence that says why there is none. */
export type Peer<T> =
  | { readonly module: T; readonly version: string }
  | { readonly module: null; readonly reason: string };

/**
 * Loads a package from bench/peers. `T` is what the caller knows of its exports.
 * @param built a file of the package that its install script makes: without it the package is not even loaded, since some
 *   then answer with something else under their own name
 */
export function loadPeer<T>(name: string, built?: string): Peer<T> {
  const require = createRequire(PACKAGE);
  try {
    const path = require.resolve(`${name}/package.json`);
    if (built !== undefined && !existsSync(join(dirname(path), built))) {
      return { module: null, reason: `npm ${name} is not built: ${INSTALL_PEERS}` };
    }
    const { version } = require(path) as { version: string };
    return { module: require(name) as T, version };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND' && message.includes(`'${name}`)) {
      return { module: null, reason: `npm ${name} is not installed: ${INSTALL_PEERS}` };
    }
    return { module: null, reason: `npm ${name} does not load: ${message.split('\n')[0]}` };
  }
}
