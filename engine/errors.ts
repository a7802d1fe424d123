// The three kinds of failure, never mixed (ARCHITECTURE.md): refused input is a code (codes.ts) and goes to the dead
// letter; a refusal (full) is a return value, told to the client in one place; a fault is one of the errors below.

/**
 * The state of a store is not known any more (failed fsync, torn format, impossible position). Acknowledgements stop,
 * the process exits with 70 and recovery at the next start is the normal path. Never caught to go on.
 */
export class FatalError extends Error {
  override readonly name = 'FatalError';
}

/** Nothing was started because what the operator asked for cannot be: exit 2 and one line that says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** `engine.ingest()` found no room within its bounded wait. Nothing was kept; try again later. */
export class EngineBusy extends Error {
  override readonly name = 'EngineBusy';
  readonly code = 'engine.busy';
}

/** `engine.capture()`: a fault of the document. Its bytes are in the dead letter, and no job comes of it. */
export class CaptureRefused extends Error {
  override readonly name = 'CaptureRefused';
  readonly code: string;
  readonly findings: readonly { readonly code: string; readonly detail: string; readonly pointer: string }[];

  constructor(findings: CaptureRefused['findings']) {
    const [first] = findings;
    super(first === undefined ? 'the document was refused' : `${first.code}: ${first.detail}`);
    this.code = first?.code ?? '';
    this.findings = findings;
  }
}
