// What a failed call on the data folder means to whoever starts or stops an engine: a fault, like one that a thread meets.

import { FatalError } from './errors.ts';
import { errorCode } from './storage.ts';

/** A FatalError in the place of an error of the system (errno and call); anything else as it is. */
export function diskFault(error: unknown, data: string): unknown {
  const code = errorCode(error);
  if (code === undefined || !('syscall' in (error as object))) return error;
  return new FatalError(
    `the data folder ${data} could not be read or written (${(error as Error).message}). Nothing acknowledged is ` +
      'lost: see to the disk and start again, which recovers',
    { cause: error },
  );
}
