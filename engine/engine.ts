// The library's entry: checks what is asked for, opens the data folder, starts an engine on it. Recovery is the normal
// start: a clean stop only leaves less to read.

import { bootStores } from './boot.ts';
import type { CaptureModules } from './capture/capture-threads.ts';
import { CapturePart } from './capture-part.ts';
import { type ConfigInput, parseConfig } from './config.ts';
import { diskFault } from './disk-fault.ts';
import type { Engine } from './embedded.ts';
import { checkListen } from './frontend/access.ts';
import { createLog } from './log.ts';
import { RunningEngine } from './running.ts';

export type { ConfigInput } from './config.ts';
export type { Captured, CaptureOptions, Engine } from './embedded.ts';
export { CaptureRefused, ConfigError, EngineBusy, FatalError } from './errors.ts';
export type { IngestInput, IngestOptions } from './frontend/input.ts';
export type { IngestResult, RecordError } from './reply.ts';
export type { EngineStatus } from './status.ts';

/** What `createEngine` takes: the configuration, and what only code can give. */
export type EngineOptions = ConfigInput & {
  /** Go on under a new log name after a restore from backup (FORMAT.md §5). */
  newOrigin?: string;
  /** Called once when the engine's state is not known any more. Default: exit with 70; recovery is the next start. */
  onFatal?: (error: Error) => void;
  /** File URL of a module that exports `createCodec`: fault injection in tests. */
  codecModule?: string;
  /** File URLs of modules in place of the tasks of captures: fault injection in tests. */
  captureModules?: CaptureModules;
};

/**
 * Starts an engine on its data folder.
 * @throws ConfigError when what was asked for cannot be (exit 2); FatalError when stored state is damaged (exit 70).
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { newOrigin, onFatal, codecModule, captureModules, ...input } = options;
  const config = parseConfig(input);
  checkListen(config);
  const log = createLog(config.log.level);
  try {
    const boot = bootStores(config, newOrigin);
    const captures = await CapturePart.open(boot, log, captureModules).catch((error: unknown) => {
      boot.lock.release();
      throw error;
    });
    const engine = new RunningEngine(boot, log, captures, onFatal ?? (() => process.exit(70)));
    try {
      await engine.start(codecModule);
      return engine;
    } catch (error) {
      await engine.abandon();
      throw error;
    }
  } catch (error) {
    throw diskFault(error, config.data);
  }
}
