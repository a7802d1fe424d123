// Where a figure was taken: without these facts it cannot be compared with another one. Whatever a machine does not tell
// is null. Reading them changes nothing.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { chooseCodec } from '../workers/load-codec.ts';
import { loadNative } from '../workers/native.ts';
import { ROOT } from './root.ts';

export interface Machine {
  /** Commit of the checkout, null outside of one; `dirty` when something in it is not committed. */
  readonly commit: string | null;
  readonly dirty: boolean;
  readonly node: string;
  readonly v8: string;
  readonly codec: 'portable' | 'native';
  /** Why the codec is the portable one; null when it is native. */
  readonly codecNote: string | null;
  /** True when the native codec hashes by the processor's own instructions. */
  readonly shaInstructions: boolean;
  readonly cpu: string;
  readonly cores: number;
  /** Of what the suite's code could use: those that the processor has. */
  readonly flags: readonly string[];
  readonly hypervisor: boolean;
  readonly governor: string | null;
  readonly kernel: string;
  readonly memoryGib: number;
  /** Mean number of running tasks over the last minute, before the run. */
  readonly load: number;
}

/** Above this load something else takes part of the machine, and absolute figures are too high. */
export const QUIET_LOAD = 0.3;

const FLAGS = ['sha_ni', 'avx2', 'avx512bw', 'avx512vl', 'vaes', 'sha2', 'asimd', 'sve'];

/** Facts about this machine, this checkout and this process. */
export function readMachine(): Machine {
  const { name, note } = chooseCodec('auto');
  const native = loadNative();
  const flags = cpuFlags();
  // An installed package may lie in somebody else's checkout, whose commit says nothing about firn.
  const checkout = git('rev-parse', '--show-prefix') === '';
  const status = checkout ? git('status', '--porcelain') : null;
  return {
    commit: checkout ? git('rev-parse', 'HEAD') : null,
    dirty: status !== null && status !== '',
    node: process.version,
    v8: process.versions.v8,
    codec: name,
    codecNote: note,
    shaInstructions: native.addon?.shaInstructions ?? false,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    flags: FLAGS.filter((flag) => flags.has(flag)),
    hypervisor: flags.has('hypervisor'),
    governor: readText('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    kernel: `${process.platform} ${release()} ${process.arch}`,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    load: Math.round((loadavg()[0] as number) * 100) / 100,
  };
}

/** What makes figures of this machine doubtful, as sentences. */
export function warningsOf(machine: Machine): string[] {
  const warnings: string[] = [];
  if (machine.load > QUIET_LOAD) {
    warnings.push(
      `the load is ${machine.load}: something else runs here; trust ratios within this run, no absolute figure`,
    );
  }
  if (machine.governor !== null && machine.governor !== 'performance') {
    warnings.push(`the CPU governor is ${machine.governor}: the clock changes under load; set performance`);
  }
  if (machine.codecNote !== null) warnings.push(`the portable codec runs: ${machine.codecNote}`);
  if (machine.dirty)
    warnings.push('the checkout has changes that are not committed: the commit does not say all');
  return warnings;
}

/** The machine in a few lines for people. */
export function describeMachine(machine: Machine): string[] {
  const { commit, dirty, cpu, cores, flags, hypervisor, governor } = machine;
  const at = commit === null ? 'no git checkout' : `commit ${commit.slice(0, 12)}${dirty ? ' (dirty)' : ''}`;
  const sha =
    machine.codec === 'native' ? `, SHA ${machine.shaInstructions ? 'instructions' : 'portable'}` : '';
  return [
    `${at}, Node ${machine.node}, V8 ${machine.v8}, codec ${machine.codec}${sha}`,
    `${cpu}, ${cores} cores${hypervisor ? ' (virtual)' : ''}, ${flags.join(' ') || 'no flags known'}, governor ${
      governor ?? 'unknown'
    }`,
    `${machine.kernel}, ${machine.memoryGib} GiB, load ${machine.load.toFixed(2)}`,
  ];
}

function cpuFlags(): ReadonlySet<string> {
  const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readText('/proc/cpuinfo') ?? '');
  return new Set((line?.[1] ?? '').split(' '));
}

function git(...args: string[]): string | null {
  const { status, stdout } = spawnSync('git', args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout.trim() : null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
