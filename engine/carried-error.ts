// Errors on their way out of a thread. A structured clone keeps the message of an error and loses its class, but whether
// it is a ConfigError or a FatalError decides how the process ends: so the name travels beside the message.

import { ConfigError, FatalError } from './errors.ts';
import { SinkFault, SinkOutage } from './sink/sink.ts';

/** An error as it crosses threads: a plain object. */
export interface CarriedError {
  readonly carried: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** What to throw in the thread in place of `thrown`. */
export function carryError(thrown: unknown): CarriedError {
  if (!(thrown instanceof Error)) return { carried: 'Error', message: String(thrown), stack: undefined };
  return { carried: thrown.name, message: thrown.message, stack: thrown.stack };
}

/** The error again, of firn's classes where it was one. Anything else that a thread ended with becomes an Error too. */
export function restoreError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  if (typeof thrown !== 'object' || thrown === null || !('carried' in thrown))
    return new Error(String(thrown));
  const { carried, message, stack } = thrown as CarriedError;
  const error =
    carried === 'ConfigError'
      ? new ConfigError(message)
      : carried === 'FatalError'
        ? new FatalError(message)
        : carried === 'SinkOutage'
          ? new SinkOutage(message)
          : carried === 'SinkFault'
            ? new SinkFault(message)
            : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
