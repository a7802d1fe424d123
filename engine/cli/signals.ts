// What Ctrl-C and SIGTERM do in a command: the first asks for an orderly end, the second ends at once with 130.

/** Calls `stop` on the first signal. Returns how to stop listening. */
export function onStopSignal(stop: () => void, atOnce: () => void = () => {}): () => void {
  let asked = false;
  const onSignal = (): void => {
    if (asked) {
      atOnce();
      process.exit(130);
    }
    asked = true;
    stop();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
}
