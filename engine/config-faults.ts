// What is wrong with a configuration, as an operator reads it: the path of each member, then what it should be.

import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { TokenConfig } from './config.ts';
import { ConfigError } from './errors.ts';

/** What is wrong, each with the path of its member: of a choice, the branch that came closest. */
export function faultsOf(issues: readonly z.core.$ZodIssue[], above: readonly PropertyKey[]): string[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...issue.path];
    if (issue.code === 'invalid_union') {
      const deepest = (branch: readonly z.core.$ZodIssue[]): number =>
        Math.max(0, ...branch.map((fault) => (fault.code === 'unrecognized_keys' ? 1 : fault.path.length)));
      const [closest] = [...issue.errors].sort((a, b) => deepest(b) - deepest(a));
      if (closest !== undefined && closest.length > 0) return faultsOf(closest, path);
    }
    const why = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return [path.length === 0 ? why : `${path.join('.')}: ${why}`];
  });
}

/**
 * Every scope is a stream, a partner's token can send documents, and no secret has two names: nobody could say whose frames
 * they are. One name may have two secrets, for the time in which they are changed.
 * @throws ConfigError
 */
export function checkTokens(tokens: readonly TokenConfig[], streams: readonly string[], where: string): void {
  const names = new Map<string, string>();
  for (const { name, token, sha256, gln, streams: scope } of tokens) {
    const stranger = scope.find(
      (stream) => stream !== '*' && stream !== 'epcis' && !streams.includes(stream),
    );
    if (stranger !== undefined) {
      throw new ConfigError(
        `${where}: tokens: ${name} is scoped to ${stranger}, which is not a stream ("*" means all, "epcis" captures)`,
      );
    }
    if (gln !== undefined && !scope.includes('epcis') && !scope.includes('*')) {
      throw new ConfigError(
        `${where}: tokens: ${name} has a gln but not the scope epcis, so its partner could send nothing: add "epcis" to its streams, or remove the gln`,
      );
    }
    const digest =
      sha256 ??
      createHash('sha256')
        .update(token ?? '')
        .digest('hex');
    const other = names.get(digest);
    if (other !== undefined && other !== name)
      throw new ConfigError(`${where}: tokens: ${other} and ${name} have the same secret: give each its own`);
    names.set(digest, name);
  }
}
