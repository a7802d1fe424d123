// One line that is written over itself on a terminal, and plain lines where the output is not one.

export interface LiveLine {
  show(text: string): void;
  /** Leaves the last line standing and goes to the next. */
  end(): void;
}

/** A live line on `stream`. */
export function liveLine(stream: NodeJS.WriteStream): LiveLine {
  let open = false;
  return {
    show: (text) => {
      if (stream.isTTY !== true) {
        stream.write(`${text}\n`);
        return;
      }
      // A line longer than the terminal would wrap, and the next one could not be written over it.
      stream.write(`\r\u001b[2K${text.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
      open = true;
    },
    end: () => {
      if (open) stream.write('\n');
      open = false;
    },
  };
}
